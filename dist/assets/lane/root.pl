# The root directory of jobs, in a mount namespace, and what they have in /tmp.
my ($options, $xattr);    # of overlays here: for mount, and the attribute of a directory that replaces another

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

# What a job leaves in its private /tmp, or else in its TMPDIR, is there again for the next line of its recipe, whichever
# lane runs that, and for nobody else. What belongs to no recipe (0) has it for itself, and that is dropped. A workspace below
# /tmp has its own place there, which stays.
sub kept_tmp {
    my ($recipe) = @_;
    return $recipe ? "$staging/r$recipe" : "$home/r0";
}

sub take_tmp {
    my ($recipe) = @_;
    my $kept = kept_tmp($recipe);
    if (!$jailed) { mkdir $kept, 0700; return TMPDIR => $kept }
    rename "$kept/$_", "$home/tmp/$_" for names($kept);
    rmdir $kept;
    return;
}

sub keep_tmp {
    my ($recipe) = @_;
    my $kept = kept_tmp($recipe);
    if (!$jailed) { $recipe ? rmdir $kept : remove($kept); return }
    my (undef, $top, $next) = split m{/}, $workspace;
    for my $name (names("$home/tmp")) {
        next if $top eq 'tmp' && $name eq $next;
        mkdir $kept, 0700 if $recipe;
        $recipe && rename "$home/tmp/$name", "$kept/$name" or remove("$home/tmp/$name");
    }
}
