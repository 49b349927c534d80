# A lane: runs jobs one after another for a distmake on the other end of STDIN and STDOUT. src/lane/perl-lane.ts speaks
# with it and describes the frames. Needs perl 5.10 and nothing else on the host. The bootstrap in front has read this
# text and evaluates it; what follows on STDIN are frames.
use strict;
use warnings;
use POSIX ();
use Fcntl qw(:mode :DEFAULT);
use Errno qw(EINTR EAGAIN EEXIST ENOENT);
use Time::HiRes qw(lstat time);

binmode STDIN;
binmode STDOUT;
$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = sub { };    # so that a select ends when a job does

# ---- system calls that perl has no builtin for -------------------------------------------------------------------
# unshare, mount, umount2, lgetxattr, utimensat, prctl, statfs
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
    AT_FDCWD => -100, AT_SYMLINK_NOFOLLOW => 0x100, PR_SET_CHILD_SUBREAPER => 36,
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

# ---- frames ------------------------------------------------------------------------------------------------------
my $input = '';
my $source = \*STDIN;
my $waited = 0;    # seconds, for input
my $job = 0;       # process id of the job that runs, which is its process group too

# More input; end of stream ends everything: whoever asked is gone.
sub fill {
    my $begin = time;
    while (1) {
        my $n = sysread $source, $input, 262144, length $input;
        $waited += time - $begin;
        return if $n;
        next if !defined $n && ($! == EINTR || $! == EAGAIN);
        if ($source != \*STDIN) { say_later("trouble gzip broke off\n"); flush_output() }
        leave();
    }
}

sub read_line {
    my $at;
    fill() while ($at = index $input, "\n") < 0;
    my $line = substr $input, 0, $at;
    substr($input, 0, $at + 1) = '';
    return $line;
}

sub read_exact {
    my ($size) = @_;
    fill() while length $input < $size;
    return substr $input, 0, $size, '';
}

my $output = '';

sub flush_output {
    my $at = 0;
    while ($at < length $output) {
        my $n = syswrite STDOUT, $output, length($output) - $at, $at;
        if (defined $n) { $at += $n }
        elsif ($! != EINTR && $! != EAGAIN) { leave() }
    }
    $output = '';
}

sub say_later { $output .= $_[0]; flush_output() if length $output > 262144 }

sub printable { my ($text) = @_; $text =~ s/[^ -~]/?/g; return $text }

# ---- the sandbox -------------------------------------------------------------------------------------------------
my ($staging, $workspace, $lane, $home, $tree, $root, $options, $xattr, $serial);
my $sandbox;    # overlay, tree or shared
my $jailed;     # jobs have a root directory of their own
my $dirs;       # for jobs that see a part of the tree: a copy of its directories without what is in them
my $made;       # takes the name of each directory that comes into a tree which lanes share
my ($made_before, $meanwhile);
my %known;      # in a tree of its own: path => stamp of every file, as after the last job

sub leave {
    if ($job) { kill_job($job); reap_strays() }
    POSIX::_exit(0);
}

# Everything below a directory, then itself. Never follows a link; an overlay's work directory has mode 000.
sub remove {
    my ($path) = @_;
    my @stat = CORE::lstat $path or return;
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

# A root directory for jobs in which the workspace has the path that it has at the runner, whatever this host has there:
# what the host has at every level is bound in, and the levels themselves are made. /tmp is the lane's own.
sub build_root {
    my ($source, $target, @rest) = @_;
    my $next = $rest[0];
    for my $name (names($source eq '' ? '/' : $source)) {
        next if $name eq $next;
        my ($from, $to) = ("$source/$name", "$target/$name");
        next if $from eq '/tmp' || $from eq $staging;
        if (-l $from) { symlink readlink($from), $to; next }
        if (-d _) { mkdir $to, 0755 or next }
        else { sysopen my $file, $to, O_CREAT | O_WRONLY, 0644 or next }
        mount($from, $to, '', MS_BIND | MS_REC, '');    # what cannot be bound in stays empty
    }
    shift @rest;
    mkdir "$target/$next", 0755 or return 0;
    return @rest ? build_root("$source/$next", "$target/$next", @rest) : 1;
}

sub enter_namespace {
    return 0 unless $UNSHARE;
    my ($uid, $gid) = ($>, (split ' ', $))[0]);
    my $user = $uid != 0;
    return 0 if syscall($UNSHARE, CLONE_NEWNS | ($user ? CLONE_NEWUSER : 0)) != 0;
    if ($user) {
        # The same ids inside as outside: recipes see who they are. What the mounts need, this process keeps until exec.
        for (['setgroups', 'deny'], ['uid_map', "$uid $uid 1"], ['gid_map', "$gid $gid 1"]) {
            open my $file, '>', "/proc/self/$_->[0]" or return 0;
            print $file $_->[1];
            close $file or return 0;
        }
    }
    # What the host mounts later, a shared file system may need.
    mount('none', '/', '', MS_REC | ($sandbox eq 'shared' ? MS_SLAVE : MS_PRIVATE), '') or return 0;
    mount('tmpfs', $root, 'tmpfs', 0, 'mode=755,size=1m,nr_inodes=100k') or return 0;
    my @path = grep { length } split m{/}, $workspace;
    my $below_tmp = $path[0] eq 'tmp';
    umask 022;
    build_root('', $root, $below_tmp || $sandbox eq 'shared' ? 'tmp' : @path) or return 0;
    mkdir "$root/tmp";
    chmod 01777, "$home/tmp";
    mount("$home/tmp", "$root/tmp", '', MS_BIND, '') or return 0;
    if ($below_tmp) {
        my $below = "$root";
        mkdir $below .= "/$_", 0755 for @path;
    }
    umask 077;
    if ($sandbox eq 'shared') {
        return 0 if $below_tmp && !mount($workspace, "$root$workspace", '', MS_BIND | MS_REC, '');
        # A link on the way to it may lead through the /tmp that cannot be seen any more.
        my $probe = fork // return 0;
        if (!$probe) { POSIX::_exit(chroot($root) && -d $workspace ? 0 : 1) }
        return waitpid($probe, 0) == $probe && $? == 0;
    }
    # An upper layer is to hold whole files and directories, whatever this kernel was built to prefer.
    $xattr = $user ? 'user.overlay.opaque' : 'trusted.overlay.opaque';
    my @whole = $user ? 'userxattr' : ('redirect_dir=off,index=off,metacopy=off', 'redirect_dir=off,index=off', '');
    for my $try (map { ($_ ? "$_,volatile" : 'volatile', $_) } @whole) {
        $options = $try;
        return 1 if probe_overlay();
    }
    return 0;
}

# The workspace of the runner itself, on a file system that this host shares with it.
sub check_shared {
    my ($token) = @_;
    my $why = POSIX::access($workspace, POSIX::W_OK()) ? '' : "cannot write there: $!";
    my $there = '';
    if (!open my $file, '<', "$workspace/$token") { $why = "cannot read $token there: $!" }
    elsif (!defined sysread $file, $there, 4096) { $why = "cannot read $token there: $!" }
    elsif ($there ne $token) { $why = "$token there is not the runner's" }
    return if $why eq '';
    refuse("$workspace is not the runner's workspace there ($why): 'staging: none' needs it on a file system that host "
            . 'and runner share, at the same path');
}

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

sub opaque {
    my ($path) = @_;
    my ($name, $value) = ($xattr, "\0" x 8);
    my $size = syscall($LGETXATTR, $path, $name, $value, 8);
    return $size == 1 && substr($value, 0, 1) eq 'y';
}

# What a job leaves in its private /tmp, or else in its TMPDIR, is there again for the next line of its recipe, whichever
# lane runs that, and for nobody else. A workspace below /tmp has its own place there, which stays.
sub take_tmp {
    my ($recipe) = @_;
    my $kept = "$staging/r$recipe";
    if (!$jailed) { mkdir $kept, 0700; return TMPDIR => $kept }
    rename "$kept/$_", "$home/tmp/$_" for names($kept);
    rmdir $kept;
    return;
}

sub keep_tmp {
    my ($recipe) = @_;
    my $kept = "$staging/r$recipe";
    if (!$jailed) { rmdir $kept; return }
    my (undef, $top, $next) = split m{/}, $workspace;
    for my $name (names("$home/tmp")) {
        next if $top eq 'tmp' && $name eq $next;
        mkdir $kept, 0700;
        rename "$home/tmp/$name", "$kept/$name" or remove("$home/tmp/$name");
    }
}

# ---- room ----------------------------------------------------------------------------------------------------------
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

# ---- entries: files as they travel ---------------------------------------------------------------------------------
# In:  "f MODE NS SIZE LEN\n" path content | "l NS SIZE LEN\n" path target | "d MODE LEN\n" path | "x LEN\n" path
#      | "t NS LEN\n" path | ".\n"; NS: time of change in nanoseconds.
# Out: the same, with "f MODE NS SIZE KEEP LEN\n": KEEP is 1 when the job set the time itself, and
#      "u LEN\n": what the tree has there is no longer known; "s LEN\n": something that cannot travel.
sub apply_entries {
    my ($fresh) = @_;    # nobody looks at the tree meanwhile
    my (@trouble, %checked, $content);
    umask 0;
    while ((my $line = read_line()) ne '.') {
        my ($kind, @field) = split / /, $line;
        my $name = read_exact(pop @field);
        my $path = "$tree/$name";
        my ($fine, $why) = (1, undef);
        %checked = () if $kind eq 'x' || $kind eq 'l';
        if ($sandbox eq 'shared' || !inside($name, \%checked)) {
            next if $kind eq 'x' || $kind eq 't';    # what was to be removed there is gone already
            $path = "$home/refused";
            ($fine, $why) = (0, 'what is above it is no directory');
        }
        if ($kind eq 'f') {
            my ($mode, $ns, $size) = @field;
            $content = 1;
            my ($target, $file) = ($path);
            if (!$fresh || !$fine || !sysopen $file, $target, O_WRONLY | O_CREAT | O_EXCL, oct $mode) {
                $target = "$staging/.t$lane";
                unlink $target;
                $fine &&= sysopen $file, $target, O_WRONLY | O_CREAT | O_EXCL, oct $mode;
            }
            my $left = $size;
            while ($left > 0) {
                fill() unless length $input;
                my $take = $left < length $input ? $left : length $input;
                if ($fine) {
                    my $written = syswrite $file, $input, $take;
                    if (defined $written) { $take = $written } else { ($fine, $why) = (0, "$!") }
                }
                substr($input, 0, $take) = '';
                $left -= $take;
            }
            $fine &&= close($file) && set_time($target, $ns);
            if ($fine && $target ne $path && !rename $target, $path) { drop($name); $fine = rename $target, $path }
            if (!$fine) { $why //= "$!"; unlink $target }
        } elsif ($kind eq 'l') {
            my $target = read_exact($field[1]);
            drop($name) if $fine;
            $fine &&= symlink($target, $path) && set_time($path, $field[0]);
        } elsif ($kind eq 'd') {
            drop($name) if $fine && (-l $path || !-d _);
            $fine &&= make_directory($name, oct $field[0]);
        } elsif ($kind eq 'x') {
            drop($name);
            forget($name);
            next;
        } elsif ($kind eq 't') {
            $fine &&= set_time($path, $field[0]);
        }
        push @trouble, "$name: " . ($why // "$!") unless $fine || @trouble > 4;
        next if $sandbox ne 'tree';
        forget($name) if $kind eq 'f' || $kind eq 'l';
        $known{$name} = stamp($path);
    }
    umask 077;
    # A change in the same tick of the clock would not show.
    select undef, undef, undef, 0.01 if $content && $sandbox eq 'tree';
    return join '; ', @trouble;
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
        my $is_new = !-d $path;
        mkdir $path, 0700 or return 0 if $is_new;
        # In its namespace this process may write everywhere; without one it needs the right.
        chmod $mode & 0777 | ($jailed ? 0 : 0700), $path or return 0;
        syswrite $made, "$name\0" if $is_new && $made && $top eq $tree;
    }
    return 1;
}

# Whether a directory came into the tree while the job ran that has just ended. Kernels before 5.14 mark all new directories
# of an upper layer as if they had replaced another.
sub made_meanwhile {
    my ($name) = @_;
    if (!$meanwhile) {
        open my $log, '<', "$staging/made" or return 0;
        seek $log, $made_before, 0;
        local $/;
        $meanwhile = { map { $_ => 1 } split /\0/, <$log> // '' };
    }
    return $meanwhile->{$name};
}

# The same in a group of its own, compressed: comes in pieces behind their size in eight hexadecimal digits, up to an empty
# one. A process hands them to gzip, and takes no byte that is not meant for it.
sub apply_compressed {
    pipe my $packed, my $pack or return "pipe: $!";
    pipe my $plain, my $unpack or return "pipe: $!";
    my $gzip = fork // return "fork: $!";
    if (!$gzip) {
        POSIX::dup2(fileno $packed, 0);
        POSIX::dup2(fileno $unpack, 1);
        close $_ for $packed, $pack, $plain, $unpack;
        { no warnings; exec 'gzip', '-dc' }
        POSIX::_exit(127);
    }
    my $feeder = fork // return "fork: $!";
    if (!$feeder) {
        close $_ for $packed, $plain, $unpack;
        while ((my $size = hex take_exact(8)) > 0) {
            while ($size > 0) {
                my $piece = take_exact($size < 65536 ? $size : 65536);
                $size -= length $piece;
                for (my $at = 0; $at < length $piece;) { $at += syswrite($pack, $piece, 65536, $at) // POSIX::_exit(1) }
            }
        }
        POSIX::_exit(0);
    }
    close $_ for $packed, $pack, $unpack;
    ($source, $input) = ($plain, '');
    my $trouble = apply_entries(1);
    $source = \*STDIN;
    for my $child ($feeder, $gzip) { waitpid $child, 0; $trouble ||= "gzip: it ended with status $?" if $? }
    return $trouble;
}

# Reads no further, for a process that is not the only one to read.
sub take_exact {
    my ($size) = @_;
    my $piece = substr $input, 0, $size, '';
    while (length $piece < $size) {
        my $n = sysread STDIN, $piece, $size - length $piece, length $piece;
        POSIX::_exit(1) if !$n && (defined $n || $! != EINTR && $! != EAGAIN);
    }
    return $piece;
}

# What stood there, and all below it, is not in the tree any more.
sub forget {
    my ($name) = @_;
    my $directory = substr(delete $known{$name} // '', 0, 1) eq 'd';
    if ($directory) { /^\Q$name\E\// && delete $known{$_} for keys %known }
}

# Whether all levels above a name are real directories: nothing is reached through a link that a job left.
sub inside {
    my ($name, $checked) = @_;
    my $parent = above($name);
    return 1 if $parent eq '' || $checked->{$parent};
    return 0 if !inside($parent, $checked) || -l "$tree/$parent" || !-d _;
    return $checked->{$parent} = 1;
}

sub stamp {
    my @stat = lstat $_[0] or return '';
    return S_ISDIR($stat[2]) ? "d$stat[2]" : join ' ', @stat[1, 2, 7, 9, 10];
}

# In whole nanoseconds: a double cannot hold them, so the whole seconds and the rest are taken apart.
sub nanoseconds {
    my ($time) = @_;
    my $seconds = POSIX::floor($time);
    return sprintf '%d%09d', $seconds, ($time - $seconds) * 1e9;
}

my $began;
my $broken;    # why what a job wrote cannot be told, or is not in the tree

sub send_entry {
    my ($name, $path, @stat) = @_;
    if (S_ISREG($stat[2])) {
        my $keep = $stat[9] < $began - 0.05 || $stat[9] > time + 1 ? 1 : 0;
        my $file;
        if (!open $file, '<', $path) {
            chmod $stat[2] & 07777 | 0400, $path;
            my $opened = open $file, '<', $path;
            chmod $stat[2] & 07777, $path;
            if (!$opened) { say_later('s ' . length($name) . "\n$name"); return }
        }
        binmode $file;
        my $left = $stat[7];
        say_later(sprintf("f %o %s %d %d %d\n", $stat[2] & 07777, nanoseconds($stat[9]), $left, $keep, length $name) . $name);
        while ($left > 0) {
            my $n = sysread $file, my $chunk, $left < 262144 ? $left : 262144;
            if (!$n) {
                $broken //= "$name: " . (defined $n ? 'it has been cut off' : "$!");
                $chunk = "\0" x ($left < 262144 ? $left : 262144);
            }
            $left -= length $chunk;
            say_later($chunk);
        }
    } elsif (S_ISLNK($stat[2])) {
        my $target = readlink $path;
        say_later(sprintf("l %s %d %d\n", nanoseconds($stat[9]), length $target, length $name) . $name . $target);
    } elsif (S_ISDIR($stat[2])) {
        say_later(sprintf("d %o %d\n", $stat[2] & 0777, length $name) . $name);
    } else {
        say_later('s ' . length($name) . "\n$name");
    }
}

sub same_content {
    my ($one, $other) = @_;
    open my $first, '<', $one or return 0;
    open my $second, '<', $other or return 0;
    while (1) {
        my $n = sysread $first, my $left, 262144;
        my $m = sysread $second, my $right, 262144;
        return 0 if !defined $n || !defined $m || $left ne $right;
        return 1 if $n == 0;
    }
}

# Sends what the upper layer holds below $at and moves it into the tree: from here on every job of this host sees it.
sub collect_upper {
    my ($upper, $at) = @_;
    for my $name (sort(names($at eq '' ? $upper : "$upper/$at"))) {
        my $relative = $at eq '' ? $name : "$at/$name";
        my ($new, $old) = ("$upper/$relative", "$tree/$relative");
        my @stat = lstat $new or next;
        my @before = lstat $old;
        my $was_directory = @before && S_ISDIR($before[2]);
        if (S_ISCHR($stat[2]) && $stat[6] == 0) {
            send_removed($relative);
        } elsif (S_ISDIR($stat[2])) {
            if (@before && (!$was_directory || opaque($new) && !made_meanwhile($relative))) { send_removed($relative); @before = () }
            if (!@before || ($before[2] ^ $stat[2]) & 0777) {
                send_entry($relative, $new, @stat);
                make_directory($relative, $stat[2]) or $broken //= "$relative: $!";
            }
            chmod $stat[2] & 07777 | 0700, $new;
            collect_upper($upper, $relative);
        } else {
            # Opening for writing, or chmod there and back, copies a file up without a change.
            next if @before && S_ISREG($stat[2]) && $before[2] == $stat[2] && $before[7] == $stat[7]
                && $before[9] == $stat[9] && same_content($new, $old);
            send_removed($relative) if $was_directory;
            send_entry($relative, $new, @stat);
            next unless S_ISREG($stat[2]) || S_ISLNK($stat[2]);
            rename $new, $old or $broken //= "$relative: $!";
        }
    }
}

sub send_removed {
    my ($name) = @_;
    say_later('x ' . length($name) . "\n$name");
    drop($name);
}

# Stamps of everything below. Directories that a job has closed to its own user are opened, and their modes noted.
sub walk {
    my ($at, $seen, $closed) = @_;
    for my $name (names($at eq '' ? $tree : "$tree/$at")) {
        my $relative = $at eq '' ? $name : "$at/$name";
        my $stamp = $seen->{$relative} = stamp("$tree/$relative");
        next if substr($stamp, 0, 1) ne 'd';
        my $mode = substr $stamp, 1;
        if (($mode & 0700) != 0700) { $closed->{$relative} = $mode; chmod $mode & 07777 | 0700, "$tree/$relative" }
        walk($relative, $seen, $closed);
    }
}

# Without an overlay: compares the tree with what it was. A job whose outputs do not count leaves it as it found it,
# or says which paths are no longer known.
sub collect_tree {
    my ($wants, $except) = @_;
    my (%now, %closed);
    walk('', \%now, \%closed);
    for my $name (sort keys %known) {
        next if exists $now{$name};
        my $wanted = $wants && $name ne $except;
        say_later(($wanted ? 'x ' : 'u ') . length($name) . "\n$name");
    }
    for my $name (sort keys %now) {
        next if defined $known{$name} && $known{$name} eq $now{$name};
        if ($wants && $name ne $except) {
            my @stat = lstat "$tree/$name" or next;
            my $old = $known{$name};
            $stat[2] = $closed{$name} if $closed{$name};
            say_later('x ' . length($name) . "\n$name") if defined $old && (substr($old, 0, 1) eq 'd') != S_ISDIR($stat[2]);
            send_entry($name, "$tree/$name", @stat);
            $now{$name} = stamp("$tree/$name") unless $stat[2] & 0400;    # it had to be opened to be read
        } elsif (defined $known{$name}) {
            say_later('u ' . length($name) . "\n$name");
        } else {
            remove("$tree/$name");
            delete $now{$name};
        }
    }
    $now{$_} = stamp("$tree/$_") for grep { exists $now{$_} } keys %closed;
    %known = %now;
}

# ---- jobs ----------------------------------------------------------------------------------------------------------
# What a job left running: it has been orphaned to us, whatever session or group it made for itself.
sub reap_strays {
    for (1 .. 1000) {
        my $pid = waitpid -1, POSIX::WNOHANG();
        next if $pid > 0;
        last if $pid < 0;
        kill KILL => -$job;
        my @children;
        if (open my $file, '<', "/proc/$$/task/$$/children") { @children = split ' ', <$file> // '' }
        kill KILL => $_ for @children;
        last if !$PRCTL;
        select undef, undef, undef, 0.002;
    }
}

# All of it; it has no group of its own yet when it has only just been started.
sub kill_job {
    my ($pid) = @_;
    kill KILL => -$pid or kill KILL => $pid;
}

my (%base, $killed);

sub start_job {
    my ($run, $out, $err) = @_;
    my $pid = fork;
    return $pid if !defined $pid || $pid > 0;
    POSIX::setsid();
    open STDIN, '<', '/dev/null';
    POSIX::dup2(fileno $out, 1);
    POSIX::dup2(fileno $err, 2);
    $SIG{$_} = 'DEFAULT' for qw(PIPE CHLD);
    my $top = $sandbox eq 'tree' ? $tree : $workspace;
    my $directory = $run->{directory} eq '' ? $top : "$top/$run->{directory}";
    if ($jailed && !chroot $root or !chdir $directory) {
        syswrite STDERR, "cd: $directory: $!\n";
        POSIX::_exit(126);
    }
    umask $run->{umask};
    %ENV = (%base, @{ $run->{tmp} }, map { split /=/, $_, 2 } @{ $run->{environment} });
    $ENV{PATH} = "$run->{path}:$ENV{PATH}" if $run->{path} ne '';
    $ENV{PWD} = $directory;
    my @argv = @{ $run->{argv} };
    { no warnings; exec { $argv[0] } @argv }
    my $why = $!;
    syswrite STDERR, "$argv[0]: $why\n";
    POSIX::_exit($why == ENOENT ? 127 : 126);
}

# Passes the job's output on until it has ended. A pipe that something in the background still holds is not waited for.
# Gives the status, and whether the output spoke of a full disk.
sub watch_job {
    my ($id, $pid, %pipe) = @_;    # descriptor number => handle
    my ($status, $pause, $hint, $tail) = (undef, 0.0002, 0, '');
    $killed = 0;
    hear_kill($id, $pid);    # it may have come with the job
    while (1) {
        my $readable = '';
        vec($readable, 0, 1) = 1;
        vec($readable, fileno $_, 1) = 1 for values %pipe;
        my $wait = defined $status ? 0 : %pipe ? 0.1 : $pause;
        $pause = $pause < 0.05 ? $pause * 2 : 0.05 if !%pipe;
        my $n = select my $ready = $readable, undef, undef, $wait;
        $n = 0 if $n < 0;
        my $got = 0;
        if ($n) {
            for my $descriptor (sort keys %pipe) {
                next unless vec $ready, fileno $pipe{$descriptor}, 1;
                my $size = sysread $pipe{$descriptor}, my $chunk, 65536;
                if ($size) {
                    $got = 1;
                    say_later("out $id $descriptor $size\n$chunk");
                    flush_output() if length $output > 65536;
                    $hint ||= "$tail$chunk" =~ $FULL;
                    $tail = substr $chunk, $size < 24 ? 0 : -24;
                }
                elsif (defined $size || $! != EINTR && $! != EAGAIN) { delete $pipe{$descriptor} }
            }
            if (vec $ready, 0, 1) { fill(); hear_kill($id, $pid) }
        }
        last if defined $status && !$got;
        next if defined $status;
        if (waitpid($pid, POSIX::WNOHANG()) == $pid) {
            $status = $?;
            last unless %pipe;
        }
    }
    return ($status, $hint);
}

# The only frame that counts while a job runs stands alone at the front.
sub hear_kill {
    my ($id, $pid) = @_;
    return unless $input =~ s/^kill (\d+)\n//;
    return unless $1 == $id;
    $killed = 1;
    kill_job($pid);
}

# The last word of a lane: what its tree holds cannot be told any more.
sub lose {
    my ($id, $why, $box) = @_;
    say_later("lost $id $why\n");
    flush_output();
    close_overlay($box) if $box;
    leave();
}

sub run_job {
    my ($id, $umask, $merge, $keep, $argc, $envc, $shown, $recipe, $size) = @_;
    my ($directory, $path, $except, @rest) = split /\0/, read_exact($size), -1;
    my %run = (
        directory => $directory, path => $path, umask => oct $umask,
        argv => [splice @rest, 0, $argc], environment => [splice @rest, 0, $envc],
    );
    my $visible = $shown eq '-' ? undef : [splice @rest, 0, $shown];
    lose($id, 'it was not told that jobs see parts of the tree') if $visible && !$dirs;
    my $box;
    if ($sandbox eq 'overlay') {
        ($made_before, $meanwhile) = (-s $made, undef);
        $box = open_overlay($tree, $visible) or lose($id, because("sandbox: $!"));
    }
    $run{tmp} = [take_tmp($recipe)];
    pipe my $out_read, my $out_write or lose($id, "pipe: $!", $box);
    my ($err_read, $err_write);
    if (!$merge) { pipe $err_read, $err_write or lose($id, "pipe: $!", $box) }
    ($began, $broken) = (time, undef);
    $job = start_job(\%run, $out_write, $merge ? $out_write : $err_write);
    if (!defined $job) { $job = 0; lose($id, "fork: $!", $box) }
    close $out_write;
    close $err_write if $err_write;
    my ($status, $hint) = watch_job($id, $job, 1 => $out_read, $merge ? () : (2 => $err_read));
    my $microseconds = int((time - $began) * 1e6);
    reap_strays();
    $job = 0;
    my $short = $status != 0 && !$killed ? shortage($hint) : '';
    lose($id, printable($short), $box) if $short ne '';
    my ($kind, $number) = $status & 127 ? ('signal', $status & 127) : ('exit', $status >> 8);
    say_later("end $id $kind $number $microseconds\n");
    my $wanted = $status == 0 || $keep;
    $except = '' if $status == 0;
    if ($box) {
        remove("$box->{upper}/$except") if $wanted && $except ne '';
        unmount();
        collect_upper($box->{upper}, '') if $wanted;
    } elsif ($sandbox eq 'tree') {
        collect_tree($wanted, $except);
    }
    keep_tmp($recipe);
    lose($id, because($broken), $box) if defined $broken;
    say_later(".\n");
    flush_output();
    if ($box) { remove($_) for values %$box }
}

# ---- start ---------------------------------------------------------------------------------------------------------
delete @ENV{grep { /^SSH_/ } keys %ENV};
delete @ENV{qw(PWD OLDPWD SHLVL _ DISTMAKE_SETUP TMPDIR TMP TEMP)};
%base = %ENV;
$base{PATH} = '/usr/local/bin:/usr/bin:/bin' unless length($base{PATH} // '');
umask 077;
POSIX::setpgid(0, 0);

(my $size, $lane, my $create, $sandbox, my $partial) = split / /, read_line();
($staging, $workspace, my $token) = split /\0/, read_exact($size), -1;
sub refuse { $output = ''; say_later('refused ' . printable($_[0]) . "\n"); flush_output(); POSIX::_exit(1) }

check_shared($token) if $sandbox eq 'shared';
if ($create) { mkdir $staging, 0700 or refuse("cannot make $staging: $!") }
my @owner = CORE::lstat $staging;
refuse("$staging is not ours") unless @owner && S_ISDIR($owner[2]) && $owner[4] == $>;
$home = "$staging/l$lane";
mkdir $home, 0700 or refuse("cannot make $home: $!");
$root = "$home/root";
mkdir $root;
mkdir "$home/tmp";
syscall($PRCTL, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) if $PRCTL;
$jailed = $sandbox ne 'tree' && enter_namespace();
$sandbox = 'tree' if $sandbox eq 'overlay' && !$jailed;
$tree = $sandbox eq 'overlay' ? "$staging/tree" : "$home/tree";
$dirs = "$staging/dirs" if $partial && $sandbox eq 'overlay';
for ($tree, $dirs // ()) { mkdir $_, 0700 and chmod 0755, $_ }
if ($sandbox eq 'overlay') { open $made, '>>', "$staging/made" or refuse("cannot write in $staging: $!") }
my $pack = (grep { -x "$_/gzip" } split /:/, $base{PATH}) ? 'gzip' : 'plain';
say_later("hello 1 $sandbox $pack " . ($sandbox eq 'shared' ? $workspace : $tree) . "\n");
flush_output();

my %APPLY = (
    entries    => sub { apply_entries(0) },
    fill       => sub { apply_entries(1) },
    compressed => \&apply_compressed,
);
while (1) {
    my ($verb, @words) = split / /, read_line();
    if ($APPLY{$verb}) {
        my $begin = time;
        $waited = 0;
        my $trouble = $APPLY{$verb}->();
        say_later($trouble eq '' ? sprintf "applied %.6f %.6f\n", $waited, time - $begin : 'trouble ' . because($trouble) . "\n");
    } elsif ($verb eq 'run') {
        run_job(@words);
    }    # kill of a job that has ended: nothing to do
    flush_output();
}
