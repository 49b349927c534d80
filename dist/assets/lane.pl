# A lane: runs jobs one after another for a distmake on the other end of STDIN and STDOUT. src/lane/perl-lane.ts speaks
# with it and describes the frames. Needs perl 5.10 and nothing else on the host. The bootstrap in front has read this
# text and evaluates it; what follows on STDIN are frames.
use strict;
use warnings;
use POSIX ();
use Fcntl qw(:mode :DEFAULT);
use Errno qw(EINTR EAGAIN ENOENT);
use Time::HiRes qw(lstat time);

binmode STDIN;
binmode STDOUT;
$SIG{PIPE} = 'IGNORE';
$SIG{CHLD} = sub { };    # so that a select ends when a job does

# ---- system calls that perl has no builtin for -------------------------------------------------------------------
# unshare, mount, umount2, lgetxattr, utimensat, prctl
my %NUMBERS = (
    x86_64      => [272, 165, 166, 192, 280, 157],
    aarch64     => [97,  40,  39,  9,   88,  167],
    riscv64     => [97,  40,  39,  9,   88,  167],
    loongarch64 => [97,  40,  39,  9,   88,  167],
    ppc64le     => [282, 21,  52,  213, 304, 171],
    s390x       => [303, 21,  52,  228, 315, 172],
);
my ($system, undef, undef, undef, $machine) = POSIX::uname();
my ($UNSHARE, $MOUNT, $UMOUNT2, $LGETXATTR, $UTIMENSAT, $PRCTL) =
    $system eq 'Linux' && length(pack 'p', 'x') == 8 ? @{ $NUMBERS{$machine} || [] } : ();
use constant {
    CLONE_NEWNS => 0x20000, CLONE_NEWUSER => 0x10000000,
    MS_BIND => 4096, MS_REC => 16384, MS_PRIVATE => 1 << 18, MNT_DETACH => 2,
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
my $job = 0;    # process id of the job that runs, which is its process group too

# More input; end of stream ends everything: whoever asked is gone.
sub fill {
    while (1) {
        my $n = sysread STDIN, $input, 262144, length $input;
        return if $n;
        leave() if defined $n || $! != EINTR && $! != EAGAIN;
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

# ---- the sandbox -------------------------------------------------------------------------------------------------
my ($staging, $workspace, $lane, $home, $tree, $overlay, $root, $options, $xattr, $serial);
my %known;      # without overlay: path => stamp of every file of the tree, as after the last job

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
    mount('none', '/', '', MS_REC | MS_PRIVATE, '') or return 0;
    mount('tmpfs', $root, 'tmpfs', 0, 'mode=755,size=1m,nr_inodes=100k') or return 0;
    my @path = grep { length } split m{/}, $workspace;
    umask 022;
    if ($path[0] eq 'tmp') {
        build_root('', $root, 'tmp') or return 0;
    } else {
        build_root('', $root, @path) or return 0;
        mkdir "$root/tmp";
    }
    chmod 01777, "$home/tmp";
    mount("$home/tmp", "$root/tmp", '', MS_BIND, '') or return 0;
    if ($path[0] eq 'tmp') {
        my $below = "$root";
        mkdir $below .= "/$_", 0755 for @path;
    }
    umask 077;
    $xattr = $user ? 'user.overlay.opaque' : 'trusted.overlay.opaque';
    for my $try (($user ? 'userxattr,' : '') . 'volatile', $user ? 'userxattr' : '') {
        $options = $try;
        return 1 if probe_overlay();
    }
    return 0;
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

sub open_overlay {
    my ($lower) = @_;
    $serial++;
    my %box = (upper => "$home/u$serial", work => "$home/w$serial");
    mkdir $box{upper}, 0700 and chmod 0755, $box{upper} or return;
    mkdir $box{work}, 0700 or return;
    my $data = "lowerdir=$lower,upperdir=$box{upper},workdir=$box{work}" . ($options ? ",$options" : '');
    if (!mount('overlay', "$root$workspace", 'overlay', 0, $data)) { remove($box{upper}); remove($box{work}); return }
    return \%box;
}

sub close_overlay {
    my ($box) = @_;
    my $target = "$root$workspace";
    syscall($UMOUNT2, $target, MNT_DETACH);
    remove($box->{upper});
    remove($box->{work});
}

sub opaque {
    my ($path) = @_;
    my ($name, $value) = ($xattr, "\0" x 8);
    my $size = syscall($LGETXATTR, $path, $name, $value, 8);
    return $size == 1 && substr($value, 0, 1) eq 'y';
}

# What a job leaves in its private /tmp is there again for the next line of its recipe, whichever lane runs that, and for
# nobody else. A workspace below /tmp has its own place there, which stays.
sub take_tmp {
    my ($recipe) = @_;
    my $kept = "$staging/r$recipe";
    rename "$kept/$_", "$home/tmp/$_" for names($kept);
}

sub keep_tmp {
    my ($recipe) = @_;
    my $kept = "$staging/r$recipe";
    my (undef, $top, $next) = split m{/}, $workspace;
    for my $name (names("$home/tmp")) {
        next if $top eq 'tmp' && $name eq $next;
        mkdir $kept, 0700;
        rename "$home/tmp/$name", "$kept/$name" or remove("$home/tmp/$name");
    }
}

# ---- entries: files as they travel ---------------------------------------------------------------------------------
# In:  "f MODE NS SIZE LEN\n" path content | "l NS SIZE LEN\n" path target | "d MODE LEN\n" path | "x LEN\n" path
#      | "t NS LEN\n" path | ".\n"; NS: time of change in nanoseconds.
# Out: the same, with "f MODE NS SIZE KEEP LEN\n": KEEP is 1 when the job set the time itself, and
#      "u LEN\n": what the tree has there is no longer known; "s LEN\n": something that cannot travel.
sub apply_entries {
    my (@trouble, %checked, $content);
    while ((my $line = read_line()) ne '.') {
        my ($kind, @field) = split / /, $line;
        my $name = read_exact(pop @field);
        my $path = "$tree/$name";
        my ($fine, $why) = (1, undef);
        %checked = () if $kind eq 'x' || $kind eq 'l';
        if (!inside($name, \%checked)) {    # what was to be removed there is gone already
            next if $kind eq 'x' || $kind eq 't';
            $path = "$staging/.refused$lane";
            ($fine, $why) = (0, 'what is above it is no directory');
        }
        if ($kind eq 'f') {
            my ($mode, $ns, $size) = @field;
            $content = 1;
            my $temporary = "$staging/.t$lane";
            my $fine_so_far = open my $file, '>', $temporary;
            $fine &&= $fine_so_far;
            binmode $file if $fine_so_far;
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
            close $file or $fine = 0 if $fine_so_far;
            $fine &&= chmod(oct $mode, $temporary) && set_time($temporary, $ns);
            if ($fine && !rename $temporary, $path) { remove($path); $fine = rename $temporary, $path }
        } elsif ($kind eq 'l') {
            my $target = read_exact($field[1]);
            remove($path);
            $fine &&= symlink($target, $path) && set_time($path, $field[0]);
        } elsif ($kind eq 'd') {
            remove($path) if -l $path || !-d _;
            $fine &&= (-d $path || mkdir $path, 0700) && chmod oct($field[0]) | 0700, $path;
        } elsif ($kind eq 'x') {
            remove($path);
            forget($name);
            next;
        } elsif ($kind eq 't') {
            $fine &&= set_time($path, $field[0]);
        }
        push @trouble, "$name: " . ($why // "$!") unless $fine;
        next if $overlay;
        forget($name) if $kind eq 'f' || $kind eq 'l';
        $known{$name} = stamp($path);
    }
    select undef, undef, undef, 0.01 if $content && !$overlay;    # a change in the same tick of the clock would not show
    return @trouble;
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
    my $at = rindex $name, '/';
    return 1 if $at < 0;
    my $parent = substr $name, 0, $at;
    return 1 if $checked->{$parent};
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

my ($began, $refused);

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
        say_later(sprintf("f %o %s %d %d %d\n", $stat[2] & 0777, nanoseconds($stat[9]), $left, $keep, length $name) . $name);
        while ($left > 0) {
            my $n = sysread $file, my $chunk, $left < 262144 ? $left : 262144;
            if (!$n) { $chunk = "\0" x ($left < 262144 ? $left : 262144) }
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
        if (S_ISCHR($stat[2]) && $stat[6] == 0) {
            say_later('x ' . length($relative) . "\n$relative");
            remove($old);
        } elsif (S_ISDIR($stat[2])) {
            if (@before && S_ISDIR($before[2])) {
                if (opaque($new)) {
                    say_later('x ' . length($relative) . "\n$relative");
                    remove($old);
                    @before = ();
                } elsif (($before[2] ^ $stat[2]) & 0777) {
                    send_entry($relative, $new, @stat);
                    chmod $stat[2] & 0777 | 0700, $old;
                }
            } elsif (@before) {
                say_later('x ' . length($relative) . "\n$relative");
                remove($old);
                @before = ();
            }
            if (!@before) {
                send_entry($relative, $new, @stat);
                mkdir $old, 0700;
                chmod $stat[2] & 0777 | 0700, $old;
            }
            chmod $stat[2] & 07777 | 0700, $new;
            collect_upper($upper, $relative);
        } else {
            # Opening for writing, or chmod there and back, copies a file up without a change.
            next if @before && S_ISREG($stat[2]) && $before[2] == $stat[2] && $before[7] == $stat[7]
                && $before[9] == $stat[9] && same_content($new, $old);
            if (@before && S_ISDIR($before[2])) {
                say_later('x ' . length($relative) . "\n$relative");
                remove($old);
            }
            send_entry($relative, $new, @stat);
            rename $new, $old if S_ISREG($stat[2]) || S_ISLNK($stat[2]);
        }
    }
}

sub walk {
    my ($at, $seen) = @_;
    for my $name (names($at eq '' ? $tree : "$tree/$at")) {
        my $relative = $at eq '' ? $name : "$at/$name";
        my $stamp = $seen->{$relative} = stamp("$tree/$relative");
        walk($relative, $seen) if substr($stamp, 0, 1) eq 'd';
    }
}

# Without an overlay: compares the tree with what it was. A job whose outputs do not count leaves it as it found it,
# or says which paths are no longer known.
sub collect_tree {
    my ($wants, $except) = @_;
    my %now;
    walk('', \%now);
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
            say_later('x ' . length($name) . "\n$name") if defined $old && (substr($old, 0, 1) eq 'd') != S_ISDIR($stat[2]);
            send_entry($name, "$tree/$name", @stat);
        } elsif (defined $known{$name}) {
            say_later('u ' . length($name) . "\n$name");
        } else {
            remove("$tree/$name");
            delete $now{$name};
        }
    }
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

my %base;

sub start_job {
    my ($run, $out, $err) = @_;
    my $pid = fork;
    return $pid if !defined $pid || $pid > 0;
    POSIX::setsid();
    open STDIN, '<', '/dev/null';
    POSIX::dup2(fileno $out, 1);
    POSIX::dup2(fileno $err, 2);
    $SIG{$_} = 'DEFAULT' for qw(PIPE CHLD);
    my $top = $overlay ? $workspace : $tree;
    my $directory = $run->{directory} eq '' ? $top : "$top/$run->{directory}";
    if ($overlay && !chroot $root or !chdir $directory) {
        syswrite STDERR, "cd: $directory: $!\n";
        POSIX::_exit(126);
    }
    umask $run->{umask};
    %ENV = (%base, map { split /=/, $_, 2 } @{ $run->{environment} });
    $ENV{PATH} = "$run->{path}:$ENV{PATH}" if $run->{path} ne '';
    $ENV{PWD} = $directory;
    my @argv = @{ $run->{argv} };
    { no warnings; exec { $argv[0] } @argv }
    my $why = $!;
    syswrite STDERR, "$argv[0]: $why\n";
    POSIX::_exit($why == ENOENT ? 127 : 126);
}

# Passes the job's output on until it has ended. A pipe that something in the background still holds is not waited for.
sub watch_job {
    my ($id, $pid, %pipe) = @_;    # descriptor number => handle
    my ($status, $pause) = (undef, 0.0002);
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
                if ($size) { $got = 1; say_later("out $id $descriptor $size\n$chunk"); flush_output() if length $output > 65536 }
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
    return $status;
}

# The only frame that counts while a job runs stands alone at the front.
sub hear_kill {
    my ($id, $pid) = @_;
    return unless $input =~ s/^kill (\d+)\n//;
    kill_job($pid) if $1 == $id;
}

sub run_job {
    my ($id, $umask, $merge, $keep, $argc, $envc, $recipe, $size) = @_;
    my ($directory, $path, $except, @rest) = split /\0/, read_exact($size), -1;
    my %run = (
        directory => $directory, path => $path, umask => oct $umask,
        argv => [@rest[0 .. $argc - 1]], environment => [@rest[$argc .. $argc + $envc - 1]],
    );
    $began = time;
    my $box;
    if ($overlay && !($box = open_overlay($tree))) { say_later("lost $id sandbox: $!\n"); return }
    take_tmp($recipe) if $overlay;
    pipe my $out_read, my $out_write or do { say_later("lost $id pipe: $!\n"); return };
    my ($err_read, $err_write);
    if (!$merge) { pipe $err_read, $err_write or do { say_later("lost $id pipe: $!\n"); return } }
    $job = start_job(\%run, $out_write, $merge ? $out_write : $err_write);
    if (!defined $job) { $job = 0; close_overlay($box) if $box; say_later("lost $id fork: $!\n"); return }
    close $out_write;
    close $err_write if $err_write;
    my $status = watch_job($id, $job, 1 => $out_read, $merge ? () : (2 => $err_read));
    my $microseconds = int((time - $began) * 1e6);
    reap_strays();
    $job = 0;
    my ($kind, $number) = $status & 127 ? ('signal', $status & 127) : ('exit', $status >> 8);
    say_later("end $id $kind $number $microseconds\n");
    my $wanted = $status == 0 || $keep;
    $except = '' if $status == 0;
    if ($overlay) {
        remove("$box->{upper}/$except") if $wanted && $except ne '';
        syscall($UMOUNT2, my $target = "$root$workspace", MNT_DETACH);
        collect_upper($box->{upper}, '') if $wanted;
        say_later(".\n");
        flush_output();
        remove($box->{upper});
        remove($box->{work});
        keep_tmp($recipe);
    } else {
        collect_tree($wanted, $except);
        say_later(".\n");
    }
}

# ---- start ---------------------------------------------------------------------------------------------------------
delete @ENV{grep { /^SSH_/ } keys %ENV};
delete @ENV{qw(PWD OLDPWD SHLVL _ DISTMAKE_SETUP)};
%base = %ENV;
$base{PATH} = '/usr/local/bin:/usr/bin:/bin' unless length($base{PATH} // '');
umask 077;
POSIX::setpgid(0, 0);

(my $size, $lane, my $create, my $mode) = split / /, read_line();
($staging, $workspace) = split /\0/, read_exact($size), -1;
sub refuse { $output = ''; say_later("refused $_[0]\n"); flush_output(); POSIX::_exit(1) }

if ($create) { mkdir $staging, 0700 or refuse("cannot make $staging: $!") }
my @owner = CORE::lstat $staging;
refuse("$staging is not ours") unless @owner && S_ISDIR($owner[2]) && $owner[4] == $>;
$home = "$staging/l$lane";
mkdir $home, 0700 or refuse("cannot make $home: $!");
$root = "$home/root";
mkdir $root;
mkdir "$home/tmp";
syscall($PRCTL, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) if $PRCTL;
$overlay = $mode eq 'overlay' && enter_namespace();
$tree = $overlay ? "$staging/tree" : "$home/tree";
mkdir $tree, 0700 and chmod 0755, $tree;
say_later("hello 1 " . ($overlay ? 'overlay' : 'tree') . " $tree\n");
flush_output();

while (1) {
    my ($verb, @words) = split / /, read_line();
    if ($verb eq 'entries') {
        my @trouble = apply_entries();
        my $text = join '; ', @trouble[0 .. ($#trouble < 4 ? $#trouble : 4)];
        $text =~ s/[^ -~]/?/g;
        say_later(@trouble ? "trouble $text\n" : "applied\n");
    } elsif ($verb eq 'run') {
        run_job(@words);
    } elsif ($verb eq 'ping') {
        say_later("pong\n");
    }    # kill of a job that has ended: nothing to do
    flush_output();
}
