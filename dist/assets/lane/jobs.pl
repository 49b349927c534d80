# Jobs: one process each, with all that it starts.

# What a job left running: it has been orphaned to us, whatever session or group it made for itself.
sub reap_strays {
    for (1 .. 1000) {
        my $pid = waitpid -1, POSIX::WNOHANG();
        next if $pid > 0;
        last if $pid < 0;
        kill KILL => -$job;
        kill KILL => $_ for children();
        last if !$PRCTL;
        say_alive() if $due;
        select undef, undef, undef, 0.002;
    }
}

# All of it; it has no group of its own yet when it has only just been started.
sub kill_job {
    my ($pid) = @_;
    kill KILL => -$pid or kill KILL => $pid;
}

my (%base, $killed);

sub start_job {
    my ($run, $out, $err) = @_;
    my $pid = fork;
    return $pid if !defined $pid || $pid > 0;
    POSIX::setsid();
    syscall($PRCTL, PR_SET_PDEATHSIG, POSIX::SIGKILL(), 0, 0, 0) if $PRCTL;    # the lane may be killed
    open STDIN, '<', '/dev/null';
    POSIX::dup2(fileno $out, 1);
    POSIX::dup2(fileno $err, 2);
    $SIG{$_} = 'DEFAULT' for qw(PIPE CHLD ALRM USR2), @ENDS;
    my $top = $sandbox eq 'tree' ? $tree : $workspace;
    my $directory = $run->{directory} eq '' ? $top : "$top/$run->{directory}";
    if ($jailed && !chroot $root or !chdir $directory) {
        syswrite STDERR, "cd: $directory: $!\n";
        POSIX::_exit(126);
    }
    umask $run->{umask};
    %ENV = (%base, @{ $run->{tmp} }, map { split /=/, $_, 2 } @{ $run->{environment} });
    $ENV{PATH} = "$run->{path}:$ENV{PATH}" if $run->{path} ne '';
    $ENV{PWD} = $directory;
    my @argv = @{ $run->{argv} };
    { no warnings; exec { $argv[0] } @argv }
    my $why = $!;
    syswrite STDERR, "$argv[0]: $why\n";
    POSIX::_exit($why == ENOENT ? 127 : 126);
}

# Where places are counted, a lane that is killed must not leave a job behind that has none: this process holds the place
# too, and ends all of the job when the lane has gone. Gives its number, and what closes with the lane.
sub guard_job {
    pipe my $gone, my $lifeline or return;
    my $pid = fork // return;
    return ($pid, $lifeline) if $pid;
    $0 = "distmake-place $home";
    my $parent = getppid;
    $SIG{$_} = 'IGNORE' for @ENDS;
    close $lifeline;
    POSIX::close($_) for 0 .. 2;
    my $read = sysread $gone, my $byte, 1;
    $read = sysread $gone, $byte, 1 while !defined $read && $! == EINTR;
    kill_job($job);
    # The guardian ends what else there is of the job, and then this.
    for (1 .. 1000) {
        last unless $guardian && grep { $_ == getppid } $parent, $guardian;
        select undef, undef, undef, 0.01;
    }
    POSIX::_exit(0);
}

# Passes the job's output on until it has ended, none of it later than after half a second or so. A pipe that something in the background still holds is not waited for.
# Gives the status, and whether the output spoke of a full disk.
sub watch_job {
    my ($id, $pid, %pipe) = @_;    # descriptor number => handle
    my ($status, $pause, $hint, $tail, $rest) = (undef, 0.0002, 0, '', 32);
    my $since;                     # when output began to be kept back
    $killed = 0;
    while (1) {
        hear_kill($id, $pid) if length $input;    # it may have come with the job
        my $readable = '';
        vec($readable, 0, 1) = 1;
        vec($readable, fileno $_, 1) = 1 for values %pipe;
        my $wait = defined $status ? 0 : %pipe ? 0.1 : $pause;
        $pause = $pause < 0.05 ? $pause * 2 : 0.05 if !%pipe;
        my $n = select my $ready = $readable, undef, undef, $wait;
        $n = 0 if $n < 0;
        my $got = 0;
        say_alive() if $due;
        $since = length $output ? $since // time : undef;
        flush_output() if defined $since && time - $since >= 0.5;
        if ($n) {
            if (vec $ready, 0, 1) { fill(); hear_kill($id, $pid) }
            for my $descriptor (sort keys %pipe) {
                next unless vec $ready, fileno $pipe{$descriptor}, 1;
                my $size = sysread $pipe{$descriptor}, my $chunk, 65536;
                if ($size) {
                    $got = 1;
                    say_later("out $id $descriptor $size\n$chunk");
                    flush_output() if length $output > 65536;
                    $hint ||= "$tail$chunk" =~ $FULL;
                    $tail = substr $chunk, $size < 24 ? 0 : -24;
                }
                elsif (defined $size || $! != EINTR && $! != EAGAIN) { delete $pipe{$descriptor} }
            }
        }
        if (defined $status) {
            last if !$got || --$rest == 0;    # more than a pipe holds: the background goes on writing
        } elsif (waitpid($pid, POSIX::WNOHANG()) == $pid) {
            $status = $?;
            last unless %pipe;
        }
    }
    return ($status, $hint);
}

# The only frame that counts while a job runs stands alone at the front, but for signs of life.
sub hear_kill {
    my ($id, $pid) = @_;
    $input =~ s/^(?:alive\n)+//;
    return unless $input =~ s/^kill (\d+)\n//;
    return unless $1 == $id;
    $killed = 1;
    kill_job($pid);
}

# The last word of a lane: what its tree holds cannot be told any more.
sub lose {
    my ($id, $why, $box) = @_;
    say_later("lost $id $why\n");
    flush_output();
    $busy = 0;
    close_overlay($box) if $box;
    leave();
}

sub run_job {
    my ($id, $umask, $merge, $keep, $argc, $envc, $shown, $recipe, $size) = @_;
    my ($directory, $path, $except, @rest) = split /\0/, read_exact($size), -1;
    my %run = (
        directory => $directory, path => $path, umask => oct $umask,
        argv => [splice @rest, 0, $argc], environment => [splice @rest, 0, $envc],
    );
    my $visible = $shown eq '-' ? undef : [splice @rest, 0, $shown];
    lose($id, 'it was not told that jobs see parts of the tree') if $visible && !$dirs;
    my $why = take_place();
    if ($why eq 'busy') { say_later("busy $id\n"); return }
    lose($id, printable($why)) if $why ne '';
    my $box;
    if ($sandbox eq 'overlay') {
        ($made_before, %meanwhile) = (-s $made);
        $box = open_overlay($tree, $visible) or lose($id, because("sandbox: $!"));
    }
    $run{tmp} = [take_tmp($recipe)];
    pipe my $out_read, my $out_write or lose($id, "pipe: $!", $box);
    my ($err_read, $err_write);
    if (!$merge) { pipe $err_read, $err_write or lose($id, "pipe: $!", $box) }
    if ($sandbox eq 'tree') { settle(); shut_directories() }
    ($began, $broken) = (time, undef);
    $job = start_job(\%run, $out_write, $merge ? $out_write : $err_write);
    if (!defined $job) { $job = 0; lose($id, "fork: $!", $box) }
    close $out_write;
    close $err_write if $err_write;
    my ($guard, $lifeline) = $held ? guard_job() : ();
    if ($held && !$guard) { lose($id, "fork: $!", $box) }
    my ($status, $hint) = watch_job($id, $job, 1 => $out_read, $merge ? () : (2 => $err_read));
    my $microseconds = int((time - $began) * 1e6);
    kill KILL => $guard if $guard;
    reap_strays();
    $job = 0;
    give_place();
    my $short = $status != 0 && !$killed ? shortage($hint) : '';
    lose($id, printable($short), $box) if $short ne '';
    my ($kind, $number) = $status & 127 ? ('signal', $status & 127) : ('exit', $status >> 8);
    say_later("end $id $kind $number $microseconds " . load() . "\n");
    my $wanted = $status == 0 || $keep;
    $except = '' if $status == 0;
    if ($box) {
        remove("$box->{upper}/$except") if $wanted && $except ne '';
        unmount();
        collect_upper($box->{upper}, '') if $wanted;
    } elsif ($sandbox eq 'tree') {
        collect_tree($wanted, $except);
    }
    keep_tmp($recipe);
    lose($id, because($broken), $box) if defined $broken;
    say_later(".\n");
    flush_output();
    if ($box) { remove($_) for values %$box }
}

# Status 1: in a child that has not become anything else yet, this is no success.
sub leave {
    setitimer(ITIMER_REAL, 0);
    $busy = $due = 0;
    kill KILL => @helpers;
    if ($job) { kill_job($job); reap_strays() }
    touch_claim();
    POSIX::_exit(1);
}
