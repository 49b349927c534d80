# A lane: runs jobs one after another for a distmake on the other end of STDIN and STDOUT. src/lane/perl-lane.ts speaks
# with it and describes the frames. Needs perl 5.10 and nothing else on the host. src/lane/perl-program.ts puts the parts
# together; the bootstrap in front has read that text and evaluates it; what follows on STDIN are frames.
use strict;
use warnings;
use POSIX ();
use Fcntl qw(:mode :flock :DEFAULT);
use Errno qw(EINTR EAGAIN EEXIST ENOENT ENOTDIR EWOULDBLOCK);
use Time::HiRes qw(lstat time setitimer ITIMER_REAL);

binmode STDIN;
binmode STDOUT;
$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = sub { };    # so that a select ends when a job does

# System calls that perl has no builtin for: unshare, mount, umount2, lgetxattr, utimensat, prctl, statfs
my %NUMBERS = (
    x86_64      => [272, 165, 166, 192, 280, 157, 137],
    aarch64     => [97,  40,  39,  9,   88,  167, 43],
    riscv64     => [97,  40,  39,  9,   88,  167, 43],
    loongarch64 => [97,  40,  39,  9,   88,  167, 43],
    ppc64le     => [282, 21,  52,  213, 304, 171, 99],
    s390x       => [303, 21,  52,  228, 315, 172, 99],
);
my ($system, undef, undef, undef, $machine) = POSIX::uname();
my ($UNSHARE, $MOUNT, $UMOUNT2, $LGETXATTR, $UTIMENSAT, $PRCTL, $STATFS) =
    $system eq 'Linux' && length(pack 'p', 'x') == 8 ? @{ $NUMBERS{$machine} || [] } : ();
use constant {
    CLONE_NEWNS => 0x20000, CLONE_NEWUSER => 0x10000000,
    MS_BIND => 4096, MS_REC => 16384, MS_PRIVATE => 1 << 18, MS_SLAVE => 1 << 19, MNT_DETACH => 2,
    AT_FDCWD => -100, AT_SYMLINK_NOFOLLOW => 0x100, PR_SET_CHILD_SUBREAPER => 36, PR_SET_PDEATHSIG => 1,
};

sub mount {
    my ($source, $target, $type, $flags, $data) = @_;
    return syscall($MOUNT, $source, $target, $type, $flags + 0, $data) == 0;
}

# Time in whole nanoseconds as text, to a path itself (never to what a link points to).
sub set_time {
    my ($path, $ns) = @_;
    my ($seconds, $rest) = (substr($ns, 0, -9) || 0, substr($ns, -9));
    if ($UTIMENSAT) {
        my $times = pack 'q4', $seconds, $rest, $seconds, $rest;
        my $name = $path;
        return syscall($UTIMENSAT, AT_FDCWD, $name, $times, AT_SYMLINK_NOFOLLOW) == 0;
    }
    return 1 if -l $path;
    my $time = $seconds + $rest / 1e9;
    return Time::HiRes::utime($time, $time, $path);
}
