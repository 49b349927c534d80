# The view of a job that sees a part of the tree.

# Hard links to all that a job sees of the files and links in the tree: above $dirs this is the tree without the rest.
sub build_view {
    my ($view, $visible) = @_;
    mkdir $view, 0700 and chmod 0755, $view or return 0;
    my (%made, %checked);
    for (@$visible) {
        my ($name, $below) = m{^(.*?)(/?)\z}s;
        next unless inside($name, \%checked);
        show($view, $name, $below ne '', \%made) or return 0;
    }
    return 1;
}

# What has gone from the tree meanwhile is not there for the job either.
sub show {
    my ($view, $name, $below, $made) = @_;
    alive() if $due;
    my @stat = CORE::lstat "$tree/$name" or return 1;
    if (!S_ISDIR($stat[2])) {
        show_directory($view, above($name), $made) or return 0;
        return link("$tree/$name", "$view/$name") || $! == EEXIST || $! == ENOENT;
    }
    for ($below ? names("$tree/$name") : ()) { show($view, $name eq '' ? $_ : "$name/$_", 1, $made) or return 0 }
    return 1;
}

sub show_directory {
    my ($view, $name, $made) = @_;
    return 1 if $name eq '' || $made->{$name};
    show_directory($view, above($name), $made) or return 0;
    my @stat = CORE::lstat "$tree/$name" or return 1;
    return $made->{$name} = mkdir("$view/$name", 0700) && chmod $stat[2] & 0777, "$view/$name";
}
