# The claim to a staging directory: a file in it that says whose it is. Every lane that lives there has it locked, and touches
# it when it comes and when it goes: whoever removes what is left of runs that have gone goes by that.
my $claim;

sub claim_staging {
    my ($create) = @_;
    my $flags = $create ? O_RDWR | O_CREAT | O_EXCL : O_RDONLY;
    my $fine = sysopen $claim, "$staging/owner", $flags, 0600;
    if ($create) {
        my ($runner, @time) = $staging =~ m{/make-(.+)-(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)-[0-9a-f]+-[0-9a-f]+\z};
        my $whose = $runner ? sprintf 'distmake %s %s-%s-%sT%s:%s:%sZ', $runner, @time : 'distmake';
        $fine &&= syswrite $claim, "$whose\n";
        $fine or fail("cannot write in $staging: $!");
    }
    flock $claim, LOCK_SH | LOCK_NB if $fine;    # where there are no locks it does without
    touch_claim();
}

sub touch_claim { utime undef, undef, "$staging/owner" if defined $staging }
