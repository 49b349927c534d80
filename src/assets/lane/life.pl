# Signs of life: a lane that has something to do says so now and then, between its frames. Where nothing has come from the
# runner for long, whatever the lane waits for, nobody is there any more, and it ends with its job.
my $busy = 0;      # there is something to do: the runner waits for it
my $due = 0;       # it is time to say so
my $silent = 0;    # seconds in which nothing has come; while this process is stopped they are not counted

sub begin_life {
    my ($patience) = @_;    # seconds for which the runner waits
    my $limit = $patience * 8 > 120 ? $patience * 8 : 120;
    my $tick = $patience / 4;
    $SIG{ALRM} = sub { $due = 1; leave() if ($silent += $tick) > $limit };
    setitimer(ITIMER_REAL, $tick, $tick);
}

# Where other bytes wait for nobody to read them: what comes meanwhile shows that the runner lives.
sub alive {
    say_alive();
    overhear();
}

sub say_alive {
    $due = 0;
    return unless $busy;
    say_later("alive\n");
    flush_output();
}
