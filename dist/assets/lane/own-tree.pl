# A tree of a lane's own: without an overlay, what a job did shows when the tree is compared with what it was before.
my $newest = 0;    # when anything in the tree was last changed

sub stamp {
    my ($name) = @_;
    my @stat = lstat "$tree/$name" or return '';
    return 'd' . ($shut{$name} // $stat[2]) if S_ISDIR($stat[2]);
    $newest = $stat[10] if $stat[10] > $newest;
    return join ' ', @stat[1, 2, 7, 9, 10];
}

# What stood there, and all below it, is not in the tree any more.
sub forget {
    my ($name) = @_;
    my $directory = substr(delete $known{$name} // '', 0, 1) eq 'd';
    delete $shut{$name};
    for ($directory ? grep { /^\Q$name\E\// } keys %known : ()) { delete $known{$_}; delete $shut{$_} }
}

# A change in the same tick of the clock as the last one would not show.
sub settle {
    my $end = time + 0.01;    # not for a time in the future
    while ((my $left = ($newest + 0.01 < $end ? $newest + 0.01 : $end) - time) > 0) { select undef, undef, undef, $left }
}

# For a job: what is below a closed directory may be closed too, and comes first.
sub shut_directories {
    for (reverse sort keys %shut) { chmod $shut{$_} & 07777, "$tree/$_" if !-l "$tree/$_" && -d _ }
    %shut = ();
}
