# What the host's owner says, for all users and runs: dmake's file, or else ours.
my @OWNERS_FILES = ('/etc/opt/SPROdmake/dmake.conf', '/etc/distmake.conf');
my $cap;    # jobs that may run on this host at one time; undefined: any number

sub heed_owner {
    my ($required) = @_;
    my ($path) = grep { CORE::lstat $_ or $! != ENOENT && $! != ENOTDIR } @OWNERS_FILES;
    if (!defined $path) {
        return unless $required;
        refuse('dmake takes no jobs to a host whose owner has not said how many it may have, in ' . join(' or ', @OWNERS_FILES)
                . qq(: as root on that host, echo "max_jobs: N" >$OWNERS_FILES[-1]));
    }
    open my $file, '<', $path;
    my $why = !fileno $file ? "$!" : -f $file ? '' : 'it is no plain file';
    refuse("its owner's file $path cannot be read: $why") if $why ne '';
    my %said;
    while (defined(my $line = <$file>)) {
        next if $line =~ /^\s*(?:#|$)/;
        my ($what, $number) = $line =~ /^\s*(max_jobs|nice_prio)\s*:\s*(-?(?:0|[1-9]\d{0,3}))\s*(?:#.*)?$/;
        my ($least, $most) = ($what // '') eq 'nice_prio' ? (-20, 19) : (0, 9999);
        if (!defined $what || defined $said{$what} || $number < $least || $number > $most) {
            $line =~ s/\s+$//;
            refuse(sprintf q(line %d of its owner's file %s is wrong: "%.80s"; there is to be "max_jobs: 8" (0 to 9999) and, if wanted, )
                    . '"nice_prio: 5" (-20 to 19), each once', $., $path, $line);
        }
        $said{$what} = $number;
    }
    $cap = $said{max_jobs} // refuse(qq(its owner's file $path does not say how many jobs it takes: a line "max_jobs: 8" is missing));
    refuse("its owner allows no jobs (max_jobs: 0 in $path)") if $cap == 0;
    # Who may not have a lower one keeps what there is.
    setpriority 0, 0, $said{nice_prio} if defined $said{nice_prio};
}
