# The start of a lane, and the frames that come.
delete @ENV{grep { /^SSH_/ } keys %ENV};
delete @ENV{qw(PWD OLDPWD SHLVL _ DISTMAKE_SETUP TMPDIR TMP TEMP)};
%base = %ENV;
$base{PATH} = '/usr/local/bin:/usr/bin:/bin' unless length($base{PATH} // '');
umask 077;
POSIX::setpgid(0, 0);
$SIG{$_} = \&leave for @ENDS;
$SIG{__DIE__} = sub { print STDERR $_[0]; leave() };

(my $size, $lane, my $create, $sandbox, my $partial, my $required, my $patience) = split / /, read_line();
($staging, $workspace, my $token) = split /\0/, read_exact($size), -1;
sub end_with { $output = printable($_[0]) . "\n"; flush_output(); POSIX::_exit(1) }
sub refuse { end_with("refused $_[0]") }
sub fail { end_with("failed $_[0]") }    # now; later it may be otherwise

heed_owner($required);
check_places();
check_shared($token) if $sandbox eq 'shared';
if ($create) { mkdir $staging, 0700 or fail("cannot make $staging: $!") }
my @owner = CORE::lstat $staging;
fail("$staging is not ours") unless @owner && S_ISDIR($owner[2]) && $owner[4] == $>;
$home = "$staging/l$lane";
mkdir $home, 0700 or fail("cannot make $home: $!");
claim_staging($create);
$0 = "distmake-lane $home";
become_guarded();
if (open my $file, '>', "$home/pid") { syswrite $file, ($guardian ? "$guardian " : '') . "$$\n" }
$root = "$home/root";
mkdir $root;
mkdir "$home/tmp";
syscall($PRCTL, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) if $PRCTL;
$jailed = $sandbox ne 'tree' && enter_namespace();
outlive_no_guardian();
umask 077;
$sandbox = 'tree' if $sandbox eq 'overlay' && !$jailed;
$tree = $sandbox eq 'overlay' ? "$staging/tree" : "$home/tree";
$dirs = "$staging/dirs" if $partial && $sandbox eq 'overlay';
for ($tree, $dirs // ()) { mkdir $_, 0700 and chmod 0755, $_ }
if ($sandbox eq 'overlay') { open $made, '>>', "$staging/made" or fail("cannot write in $staging: $!") }
my $pack = (grep { -x "$_/gzip" } split /:/, $base{PATH}) ? 'gzip' : 'plain';
say_later(join ' ', "hello 1 $sandbox $pack", processors(), $cap // '-', load(), ($sandbox eq 'shared' ? $workspace : $tree) . "\n");
flush_output();

begin_life($patience);
my $spoilt;    # what a job needs has not come: it must not run
my %APPLY = (
    entries    => sub { apply_entries(0) },
    fill       => sub { apply_entries(1) },
    compressed => \&apply_compressed,
);
while (1) {
    $busy = 0;
    my ($verb, @words) = split / /, read_line();
    $busy = 1;
    if ($APPLY{$verb}) {
        my $begin = time;
        $waited = 0;
        my $trouble = $APPLY{$verb}->() // next;
        $spoilt = $trouble ne '' && $verb eq 'entries';
        say_later($trouble eq '' ? sprintf "applied %.6f %.6f\n", $waited, time - $begin : 'trouble ' . because($trouble) . "\n");
    } elsif ($verb eq 'run' && $spoilt) {
        read_exact($words[-1]);
        $spoilt = 0;
    } elsif ($verb eq 'run') {
        run_job(@words);
    } elsif ($verb eq 'load') {
        say_later('load ' . load() . "\n");
    }    # alive, or the kill of a job that has ended: nothing to do
    flush_output();
}
