# The layer that a job writes to, where there are overlays.
my $serial;
my ($made_before, %meanwhile);    # of the job that runs: where its part of the list of made directories begins, and that

# Whether an overlay here does all that is needed: changes, deletions, and directories that replace others.
sub probe_overlay {
    my $lower = "$home/probe";
    mkdir $lower;
    mkdir "$lower/d";
    for ("$lower/a", "$lower/d/b") { open my $file, '>', $_ or return 0; print $file 'x' }
    my $box = open_overlay($lower) or do { remove($lower); return 0 };
    my $top = "$root$workspace";
    my $fine = unlink("$top/a") && unlink("$top/d/b") && rmdir("$top/d") && mkdir("$top/d") && !-e "$top/d/b";
    my @stat = CORE::lstat "$box->{upper}/a";
    $fine = $fine && @stat && S_ISCHR($stat[2]) && opaque("$box->{upper}/d");
    close_overlay($box);
    remove($lower);
    return $fine;
}

# Mounts a layer of its own over what a job is to see: undefined when it cannot.
sub open_overlay {
    my ($lower, $visible) = @_;
    $serial++;
    my %box = (upper => "$home/u$serial", work => "$home/w$serial");
    mkdir $box{upper}, 0700 and chmod 0755, $box{upper} or return;
    mkdir $box{work}, 0700 or return;
    if ($visible) {
        $box{view} = "$home/v$serial";
        build_view($box{view}, $visible) or return;
        $lower = "$box{view}:$dirs";
    }
    my $data = "lowerdir=$lower,upperdir=$box{upper},workdir=$box{work}" . ($options ? ",$options" : '');
    return \%box if mount('overlay', "$root$workspace", 'overlay', 0, $data);
    my $why = $!;
    remove($_) for values %box;
    $! = $why;
    return;
}

sub unmount {
    my $target = "$root$workspace";
    syscall($UMOUNT2, $target, MNT_DETACH);
}

sub close_overlay {
    my ($box) = @_;
    unmount();
    remove($_) for values %$box;
}

sub opaque {
    my ($path) = @_;
    my ($name, $value) = ($xattr, "\0" x 8);
    my $size = syscall($LGETXATTR, $path, $name, $value, 8);
    return $size == 1 && substr($value, 0, 1) eq 'y';
}

# Whether a directory came into the tree since the job began that has just ended. Kernels before 5.14 mark all new
# directories of an upper layer as if they had replaced another. Other lanes go on making some.
sub made_meanwhile {
    my ($name) = @_;
    if (!$meanwhile{$name}) {
        open my $log, '<', "$staging/made" or return 0;
        seek $log, $made_before, 0;
        local $/;
        my $more = <$log> // '';
        $made_before += length $more;
        $meanwhile{$_} = 1 for split /\0/, $more;
    }
    return $meanwhile{$name};
}
