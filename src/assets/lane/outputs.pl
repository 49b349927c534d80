# Outputs: what a job wrote, as it travels (the frames stand in entries.pl).
my $began;
my $broken;    # why what a job wrote cannot be told, or is not in the tree

# In whole nanoseconds: a double cannot hold them, so the whole seconds and the rest are taken apart. Nothing is before 1970.
sub nanoseconds {
    my ($time) = @_;
    return '0000000000' if $time < 0;
    my $seconds = POSIX::floor($time);
    return sprintf '%d%09d', $seconds, ($time - $seconds) * 1e9;
}

sub send_entry {
    my ($name, $path, @stat) = @_;
    if (S_ISREG($stat[2])) {
        my $keep = $stat[9] < $began - 0.05 || $stat[9] > time + 1 ? 1 : 0;
        my $file;
        if (!open $file, '<', $path) {
            chmod $stat[2] & 07777 | 0400, $path;
            my $opened = open $file, '<', $path;
            chmod $stat[2] & 07777, $path;
            if (!$opened) { say_later('s ' . length($name) . "\n$name"); return }
        }
        binmode $file;
        my $left = $stat[7];
        say_later(sprintf("f %o %s %d %d %d\n", $stat[2] & 07777, nanoseconds($stat[9]), $left, $keep, length $name) . $name);
        while ($left > 0) {
            overhear() if $due;    # it is told when the file is through
            my $n = sysread $file, my $chunk, $left < 262144 ? $left : 262144;
            next if !defined $n && $! == EINTR;
            if (!$n) {
                $broken //= "$name: " . (defined $n ? 'it has been cut off' : "$!");
                $chunk = "\0" x ($left < 262144 ? $left : 262144);
            }
            $left -= length $chunk;
            say_later($chunk);
        }
    } elsif (S_ISLNK($stat[2])) {
        my $target = readlink $path;
        say_later(sprintf("l %s %d %d\n", nanoseconds($stat[9]), length $target, length $name) . $name . $target);
    } elsif (S_ISDIR($stat[2])) {
        say_later(sprintf("d %o %d\n", $stat[2] & 0777, length $name) . $name);
    } else {
        say_later('s ' . length($name) . "\n$name");
    }
}

sub same_content {
    my ($one, $other) = @_;
    open my $first, '<', $one or return 0;
    open my $second, '<', $other or return 0;
    while (1) {
        alive() if $due;
        my $n = sysread $first, my $left, 262144;
        my $m = sysread $second, my $right, 262144;
        return 0 if !defined $n || !defined $m || $left ne $right;
        return 1 if $n == 0;
    }
}

sub send_removed {
    my ($name) = @_;
    say_later('x ' . length($name) . "\n$name");
    drop($name);
}
