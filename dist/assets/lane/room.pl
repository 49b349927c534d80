# Room on the file system of the staging directory.
my $FULL = qr/No space left on device|Disk quota exceeded/;

# Why nothing more can be written to the staging directory, for people; empty when it can. Whoever has been told so by
# something else (hint) believes it earlier.
sub shortage {
    my ($hint) = @_;
    my ($name, $facts) = ($staging, "\0" x 256);
    return '' unless $STATFS && syscall($STATFS, $name, $facts) == 0;
    my ($size, $blocks, $free, $available, $inodes, $left, $unit) =
        unpack $machine eq 's390x' ? 'x4 L q5 x8 x4 L' : 'x8 q6 x8 x8 q', $facts;
    my $bytes = ($> ? $available : $free) * ($unit || $size);
    return "no inodes left in $staging" if $inodes && $left < 16;
    return '' unless $blocks && ($bytes < 4 << 20 || $hint && ($bytes < 1 << 30 || !can_write()));
    return sprintf 'no space left in %s: %d kB free', $staging, $bytes / 1024;
}

# A quota shows only to who tries.
sub can_write {
    my $fine = open my $file, '>', "$home/full";
    $fine &&= (syswrite($file, "\1" x 262144) // 0) == 262144 for 1 .. 16;
    $fine &&= close $file;
    unlink "$home/full";
    return $fine;
}

# The lack of space first, where that may be the reason.
sub because {
    my ($text) = @_;
    my $short = shortage($text =~ $FULL);
    return printable($short eq '' ? $text : "$short ($text)");
}
