# Entries in a group of their own, compressed: they come in pieces behind their size in eight hexadecimal digits, up to an
# empty one. A process (the feeder) hands them to gzip, and takes no byte that is not meant for it.
my @helpers;    # process ids

sub apply_compressed {
    pipe my $packed, my $pack or give_up("pipe: $!");
    pipe my $plain, my $unpack or give_up("pipe: $!");
    my $gzip = fork // give_up("fork: $!");
    if (!$gzip) {
        $SIG{PIPE} = 'DEFAULT';
        POSIX::dup2(fileno $packed, 0);
        POSIX::dup2(fileno $unpack, 1);
        close $_ for $packed, $pack, $plain, $unpack;
        { no warnings; exec 'gzip', '-dc' }
        POSIX::_exit(127);
    }
    @helpers = ($gzip);
    my $feeder = fork // give_up("fork: $!");
    if (!$feeder) {
        @helpers = ();
        close $_ for $packed, $plain, $unpack;
        feed($pack);
        POSIX::_exit(0);
    }
    push @helpers, $feeder;
    close $_ for $packed, $pack, $unpack;
    ($source, $input) = ($plain, '');
    my $trouble = apply_entries(1);
    $source = \*STDIN;
    for my $child ($feeder, $gzip) {
        waitpid $child, 0;
        give_up("gzip: it ended with status $?") if $?;
    }
    @helpers = ();
    return $trouble;
}

sub feed {
    my ($pack) = @_;
    while ((my $size = hex take_exact(8)) > 0) {
        while ($size > 0) {
            my $piece = take_exact($size < 65536 ? $size : 65536);
            $size -= length $piece;
            for (my $at = 0; $at < length $piece;) { $at += syswrite($pack, $piece, 65536, $at) // POSIX::_exit(1) }
        }
    }
}

# Reads no further, for a process that is not the only one to read.
sub take_exact {
    my ($size) = @_;
    my $piece = substr $input, 0, $size, '';
    while (length $piece < $size) {
        my $n = sysread STDIN, $piece, $size - length $piece, length $piece;
        POSIX::_exit(1) if !$n && (defined $n || $! != EINTR && $! != EAGAIN);
    }
    return $piece;
}

# What is still to come on STDIN cannot be told apart any more: the last word of a lane that has no job.
sub give_up {
    my ($why) = @_;
    say_later('trouble ' . printable($why) . "\n");
    flush_output();
    leave();
}
