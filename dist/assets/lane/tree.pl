# The tree: what a lane keeps on its host, and the steps by which anything in it is reached, made and removed.
my ($staging, $workspace, $lane, $home, $tree, $root);
my $sandbox;    # overlay, tree or shared
my $jailed;     # jobs have a root directory of their own
my $dirs;       # for jobs that see a part of the tree: a copy of its directories without what is in them
my $made;       # takes the name of each directory that comes into a tree which lanes share
my %known;      # in a tree of its own: path => stamp of every file, as after the last job
my %shut;       # there too: directory => mode that closes it to its owner; while no job runs it is open

# Everything below a directory, then itself. Never follows a link; an overlay's work directory has mode 000.
sub remove {
    my ($path) = @_;
    my @stat = CORE::lstat $path or return;
    alive() if $due;
    if (S_ISDIR($stat[2])) {
        chmod 0700, $path if ($stat[2] & 0700) != 0700;
        remove("$path/$_") for names($path);
        rmdir $path;
    } else {
        unlink $path;
    }
}

sub above {
    my ($name) = @_;
    my $at = rindex $name, '/';
    return $at < 0 ? '' : substr $name, 0, $at;
}

sub names {
    my ($path) = @_;
    opendir my $directory, $path or return;
    return grep { $_ ne '.' && $_ ne '..' } readdir $directory;
}

# Whether all levels above a name are real directories: nothing is reached through a link that a job left.
sub inside {
    my ($name, $checked) = @_;
    my $parent = above($name);
    return 1 if $parent eq '' || $checked->{$parent};
    return 0 if !inside($parent, $checked) || -l "$tree/$parent" || !-d _;
    return $checked->{$parent} = 1;
}

# What stands in the tree, and the copy of its directories with it.
sub drop {
    my ($name) = @_;
    remove("$tree/$name");
    remove("$dirs/$name") if $dirs;
}

sub make_directory {
    my ($name, $mode) = @_;
    for my $top ($tree, $dirs // ()) {
        my $path = "$top/$name";
        if (-l $path || !-d _) {
            # Another lane may be making it too. Noted twice: for jobs that begin before it is there, and for those
            # that end when it is.
            my $note = $made && $top eq $tree;
            if ($note) { syswrite $made, "$name\0" or return 0 }
            mkdir $path, 0700 or $! == EEXIST && !-l $path && -d _ or return 0;
            if ($note) { syswrite $made, "$name\0" or return 0 }
        }
        # In its namespace this process may write everywhere; without one it needs the right.
        chmod $mode & 0777 | ($jailed ? 0 : 0700), $path or return 0;
    }
    delete $shut{$name};
    $shut{$name} = S_IFDIR | $mode & 0777 if !$jailed && ($mode & 0700) != 0700;
    return 1;
}
