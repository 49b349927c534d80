# Frames: lines of words, with bytes behind them where the line says so.
my $input = '';
my $source = \*STDIN;
my $waited = 0;    # seconds, for input
my $job = 0;       # process id of the job that runs, which is its process group too

# More input.
sub fill {
    while (1) {
        my $begin = time;
        my $came = take_in();
        $waited += time - $begin;
        return if $came;
        say_alive() if $due;
    }
}

# End of stream ends everything: whoever asked is gone.
sub take_in {
    my $n = sysread $source, $input, 262144, length $input;
    if ($n) { $silent = 0; return 1 }
    return 0 if !defined $n && ($! == EINTR || $! == EAGAIN);
    give_up('gzip broke off') if $source != \*STDIN;
    leave();
}

# Takes in what has come by now, for those who have no use for it yet. It is never much: the runner waits for them.
sub overhear {
    return if $source != \*STDIN || length $input > 1 << 20;
    vec(my $ready = '', 0, 1) = 1;
    take_in() if select($ready, undef, undef, 0) > 0;
}

sub read_line {
    my $at;
    fill() while ($at = index $input, "\n") < 0;
    my $line = substr $input, 0, $at;
    substr($input, 0, $at + 1) = '';
    return $line;
}

sub read_exact {
    my ($size) = @_;
    fill() while length $input < $size;
    return substr $input, 0, $size, '';
}

# Bytes that nobody wants any more.
sub swallow {
    my ($left) = @_;
    while ($left > 0) {
        fill() unless length $input;
        $left -= length substr $input, 0, $left, '';
    }
}

my $output = '';

sub flush_output {
    my $at = 0;
    while ($at < length $output) {
        my $n = syswrite STDOUT, $output, length($output) - $at, $at;
        if (defined $n) { $at += $n }
        elsif ($! != EINTR && $! != EAGAIN) { leave() }
        elsif ($due) { overhear() }
    }
    $output = '';
}

sub say_later { $output .= $_[0]; flush_output() if length $output > 262144 }

sub printable { my ($text) = @_; $text =~ s/[^ -~]/?/g; return $text }
