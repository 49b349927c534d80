# Collecting: what a job has changed is sent, and is in the tree for the next one.

# Sends what the upper layer holds below $at and moves it into the tree: from here on every job of this host sees it.
sub collect_upper {
    my ($upper, $at) = @_;
    for my $name (sort(names($at eq '' ? $upper : "$upper/$at"))) {
        my $relative = $at eq '' ? $name : "$at/$name";
        my ($new, $old) = ("$upper/$relative", "$tree/$relative");
        my @stat = lstat $new or next;
        alive() if $due;
        my @before = lstat $old;
        my $was_directory = @before && S_ISDIR($before[2]);
        if (S_ISCHR($stat[2]) && $stat[6] == 0) {
            send_removed($relative);
        } elsif (S_ISDIR($stat[2])) {
            if (@before && (!$was_directory || opaque($new) && !made_meanwhile($relative))) { send_removed($relative); @before = () }
            if (!@before || ($before[2] ^ $stat[2]) & 0777) {
                send_entry($relative, $new, @stat);
                make_directory($relative, $stat[2]) or $broken //= "$relative: $!";
            }
            chmod $stat[2] & 07777 | 0700, $new;
            collect_upper($upper, $relative);
        } else {
            # Opening for writing, or chmod there and back, copies a file up without a change.
            next if @before && S_ISREG($stat[2]) && $before[2] == $stat[2] && $before[7] == $stat[7]
                && $before[9] == $stat[9] && same_content($new, $old);
            send_removed($relative) if $was_directory;
            send_entry($relative, $new, @stat);
            next unless S_ISREG($stat[2]) || S_ISLNK($stat[2]);
            rename $new, $old or $broken //= "$relative: $!";
        }
    }
}

# Stamps of everything below. Directories that are closed are opened, and their modes noted.
sub walk {
    my ($at, $seen) = @_;
    for my $name (names($at eq '' ? $tree : "$tree/$at")) {
        my $relative = $at eq '' ? $name : "$at/$name";
        alive() if $due;
        my $stamp = $seen->{$relative} = stamp($relative);
        next if substr($stamp, 0, 1) ne 'd';
        my $mode = substr $stamp, 1;
        if (($mode & 0700) != 0700) { $shut{$relative} = $mode; chmod $mode & 07777 | 0700, "$tree/$relative" }
        walk($relative, $seen);
    }
}

# Without an overlay: a job whose outputs do not count leaves the tree as it found it, or says which paths are no longer known.
sub collect_tree {
    my ($wants, $except) = @_;
    my %now;
    walk('', \%now);
    for my $name (sort keys %known) {
        next if exists $now{$name};
        my $wanted = $wants && $name ne $except;
        say_later(($wanted ? 'x ' : 'u ') . length($name) . "\n$name");
    }
    for my $name (sort keys %now) {
        alive() if $due;
        next if defined $known{$name} && $known{$name} eq $now{$name};
        if ($wants && $name ne $except) {
            my @stat = lstat "$tree/$name" or next;
            my $old = $known{$name};
            $stat[2] = $shut{$name} if $shut{$name};
            say_later('x ' . length($name) . "\n$name") if defined $old && (substr($old, 0, 1) eq 'd') != S_ISDIR($stat[2]);
            send_entry($name, "$tree/$name", @stat);
            $now{$name} = stamp($name) unless $stat[2] & 0400;    # it had to be opened to be read
        } elsif (defined $known{$name}) {
            say_later('u ' . length($name) . "\n$name");
        } else {
            remove("$tree/$name");
            delete $now{$name};
            delete $shut{$name};
        }
    }
    %known = %now;
}
