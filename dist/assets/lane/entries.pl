# Entries: files as they travel.
# In:  "f MODE NS SIZE LEN\n" path content | "l NS SIZE LEN\n" path target | "d MODE LEN\n" path | "x LEN\n" path
#      | "t NS LEN\n" path | ".\n"; NS: time of change in nanoseconds.
# Out: the same, with "f MODE NS SIZE KEEP LEN\n": KEEP is 1 when the job set the time itself, and
#      "u LEN\n": what the tree has there is no longer known; "s LEN\n": something that cannot travel.

my $told;    # of a group: that there is no room for it

# Gives what went wrong; undefined when it has been told already.
sub apply_entries {
    my ($fresh) = @_;    # nobody looks at the tree meanwhile
    my (@trouble, %checked);
    $told = 0;
    umask 0;
    while ((my $line = read_line()) ne '.') {
        say_alive() if $due;
        my ($kind, @field) = split / /, $line;
        my $name = read_exact(pop @field);
        my $target = $kind eq 'l' ? read_exact($field[1]) : '';
        my $path = "$tree/$name";
        %checked = () if $kind eq 'x' || $kind eq 'l';
        if ($told || $sandbox eq 'shared' || !inside($name, \%checked)) {
            swallow($field[2]) if $kind eq 'f';
            # What was to be removed there is gone already.
            push @trouble, "$name: what is above it is no directory" unless $kind eq 'x' || $kind eq 't' || @trouble > 4;
            next;
        }
        my $fine = 1;
        if ($kind eq 'f') {
            $fine = take_file($fresh, $name, @field);
        } elsif ($kind eq 'l') {
            drop($name);
            $fine = symlink($target, $path) && set_time($path, $field[0]);
        } elsif ($kind eq 'd') {
            drop($name) if -l $path || !-d _;
            $fine = make_directory($name, oct $field[0]);
        } elsif ($kind eq 'x') {
            drop($name);
            forget($name);
            next;
        } elsif ($kind eq 't') {
            $fine = set_time($path, $field[0]);
        }
        if (!$fine) {
            my $why = "$name: $!";
            push @trouble, $why unless @trouble > 4;
            tell_full($why) if $fresh;
        }
        next if $sandbox ne 'tree';
        forget($name) if $kind eq 'f' || $kind eq 'l';
        $known{$name} = stamp($name);
    }
    umask 077;
    return $told ? undef : join '; ', @trouble;
}

# What would still come has no room either: whoever sends it may stop.
sub tell_full {
    my ($why) = @_;
    return if $told || shortage($why =~ $FULL) eq '';
    $told = 1;
    say_later('trouble ' . because($why) . "\n");
    flush_output();
}

# The content of a file comes behind its frame. Where something stands already, it takes that place when it is whole.
sub take_file {
    my ($fresh, $name, $mode, $ns, $size) = @_;
    my $path = my $target = "$tree/$name";
    my ($flags, $left, $file) = (O_WRONLY | O_CREAT | O_EXCL, $size);
    my $fine = $fresh && sysopen $file, $target, $flags, oct $mode;
    if (!$fine) {
        $target = "$staging/.t$lane";
        unlink $target;
        $fine = sysopen $file, $target, $flags, oct $mode;
    }
    while ($fine && $left > 0) {
        fill() unless length $input;
        my $written = syswrite $file, $input, $left < length $input ? $left : length $input;
        if (defined $written) { substr($input, 0, $written) = ''; $left -= $written }
        else { $fine = $! == EINTR }
    }
    $fine &&= close($file) && set_time($target, $ns);
    if ($fine && $target ne $path && !rename $target, $path) { drop($name); $fine = rename $target, $path }
    return 1 if $fine;
    my $why = $!;
    tell_full("$name: $why") if $fresh;
    unlink $target;
    swallow($left);
    $! = $why;
    return 0;
}
