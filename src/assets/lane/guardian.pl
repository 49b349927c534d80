# The guardian: the process that was started here first. The lane is its child; what a lane that was killed leaves running is
# orphaned to it, whatever session or group that made for itself.
my $guardian = 0;    # its process id
my @ENDS = grep { ($SIG{$_} // '') ne 'IGNORE' } qw(HUP INT TERM);    # signals that end a lane, with its job

# Goes on in a process of its own, as the lane. Where there is no subreaper nothing is guarded.
sub become_guarded {
    return unless $PRCTL && syscall($PRCTL, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0;
    $guardian = $$;
    my $pid = fork // fail("fork: $!");
    guard($pid) if $pid;
}

# Sees that the lane ends when its guardian has gone. What gives it other rights takes this away.
sub outlive_no_guardian {
    return unless $guardian;
    $SIG{USR2} = \&leave;
    syscall($PRCTL, PR_SET_PDEATHSIG, POSIX::SIGUSR2(), 0, 0, 0);
    leave() if getppid != $guardian;
}

sub guard {
    my ($pid) = @_;
    $SIG{$_} = sub { kill $_[0] => $pid } for @ENDS;
    undef $held;
    ($input, $output) = ('', '');
    chdir '/';
    POSIX::close($_) for 0 .. 2;
    1 until waitpid($pid, 0) == $pid;
    my $status = $?;
    end_orphans();
    touch_claim();
    POSIX::_exit($status & 127 ? 128 + ($status & 127) : $status >> 8);
}

# Until there are none, and none of theirs. What holds a place goes last: nobody is to have it before all is over.
sub end_orphans {
    my $pause = 0.001;
    while ((my $pid = waitpid -1, POSIX::WNOHANG()) >= 0) {
        next if $pid > 0;
        my @children = children();
        my @first = grep { !holds_place($_) } @children;
        kill KILL => @first ? @first : @children;
        select undef, undef, undef, $pause;
        $pause *= 2 if $pause < 1;
    }
}

# Of this process.
sub children {
    my $file;
    if (open $file, '<', "/proc/$$/task/$$/children") { return split ' ', <$file> // '' }
    # Not every kernel has that list.
    return grep { open $file, '<', "/proc/$_/stat" and (<$file> // '') =~ /.*\) \S+ $$ /s } grep { /^\d+$/ } names('/proc');
}

sub holds_place {
    my ($pid) = @_;
    open my $file, '<', "/proc/$pid/cmdline" or return 0;
    return (<$file> // '') =~ /^distmake-place /;
}
