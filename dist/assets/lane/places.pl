# Places: the jobs that the host's owner allows at one time. Each is a file, and who has it locked has the place; whatever
# becomes of a lane, the kernel gives its place back. Any user may have made the directory and what is in it, so nothing of
# that is believed: it is read only, and what is no plain file cannot be had.
my $PLACES = '/tmp/.distmake-slots';
my $SHYLY = O_RDONLY | O_NONBLOCK | (eval { O_NOFOLLOW() } || 0);
my ($place, $held);    # the number of the last one that was tried, and its file while that is open

# Which file that is, if it can be a place.
sub identity {
    my @stat = @_;
    return @stat && S_ISREG($stat[2]) && $stat[3] == 1 ? "$stat[0] $stat[1]" : '';
}

# The file of a place, made when there is none: in the directory itself, even if its name leads elsewhere by now.
sub open_place {
    my ($number) = @_;
    my $file;
    my $umask = umask 0;
    my $new = mkdir $PLACES, 01777;
    if (chdir $PLACES) {
        my @there = CORE::lstat $PLACES;
        my @here = CORE::lstat '.';
        if (@there && S_ISDIR($there[2]) && "@there[0, 1]" eq "@here[0, 1]") {
            chmod 01777, '.' if $new;
            sysopen $file, $number, $SHYLY
                or $! == ENOENT && sysopen $file, $number, $SHYLY | O_CREAT | O_EXCL, 0644
                or $! == EEXIST && sysopen $file, $number, $SHYLY;
        } else { $! = ENOTDIR }
    }
    my $why = $!;
    chdir '/';    # never where others can put programs
    umask $umask;
    $! = $why;
    return defined $file && defined fileno $file ? $file : undef;
}

# Locks the file of one place. Gives what is in the way: nothing, `busy`, or why nobody can have it. Who clears /tmp may
# take the file away at any moment: then the lock is on nothing that others see.
sub lock_place {
    my $file;
    for (1 .. 3) {
        $held ||= open_place($place) or return "$PLACES/$place: $!";
        $file = identity(CORE::stat $held);
        if ($file ne '') {
            flock $held, LOCK_EX | LOCK_NB or return $! == EWOULDBLOCK ? 'busy' : "$PLACES/$place: $!";
            return '' if $file eq identity(CORE::lstat "$PLACES/$place");
        }
        undef $held;
    }
    return $file ne '' ? 'busy' : "$PLACES/$place is no plain file, or has another name too";
}

# A place for one job. Gives what is in the way, as above. Lanes begin at different ones, and then at the one they had last.
sub take_place {
    return '' unless $cap;
    $place ||= $$ % $cap + 1;
    my $why = '';
    for (1 .. $cap) {
        my $now = lock_place();
        return '' if $now eq '';
        $why = $now if $why ne 'busy';
        undef $held;
        $place = $place % $cap + 1;
    }
    return $why;
}

sub give_place { flock $held, LOCK_UN if $held }

# That there are places at all shows before anything else is done.
sub check_places {
    my $why = take_place();
    fail("its owner's limit cannot be kept there: $why") unless $why eq '' || $why eq 'busy';
    give_place();
}
