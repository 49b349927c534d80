# Runs one script of GNU make's own test suite, `perl driver.pl SCRIPT`, in the suite's directory. For each case, one JSON
# object a line goes to the file SUITE_RESULTS: its name (script:line, and #N where one line has several), whether it
# passed, and for a failure what was expected and what came. The script as a whole has one too (script:script), and one
# that does not apply to this make (script:n/a).
#
# The suite finds out beforehand how make names itself, its shell, its features: from the plain make, which is `make` on
# PATH. Then SUITE_MAKE, if there is one, takes its place.
use strict;
use warnings;
use JSON::PP ();

our ($test_passed, $tests_run, $tests_passed, $status, $code, $test_timeout, $command_string);

my ($results, $link, $make, $timeout) = delete @ENV{qw(SUITE_RESULTS SUITE_LINK SUITE_MAKE SUITE_TIMEOUT)};
open(my $out, '>>', $results) or die "$results: $!\n";
select((select($out), $| = 1)[0]);

my ($script) = @ARGV;
my %seen;

sub record {
  my ($place, $passed, %more) = @_;
  my $name = "$script:$place";
  my $count = ++$seen{$name};
  $name .= "#$count" if $count > 1;
  my $said = $passed ? JSON::PP::true : JSON::PP::false;
  print $out JSON::PP->new->latin1->canonical->encode({name => $name, passed => $said, %more}), "\n";
}

# Where in the script the case stands.
sub place {
  for (my $i = 1; my @frame = caller($i); $i++) {
    return $frame[2] if $frame[1] =~ m{(^|/)scripts/};
  }
  return 0;
}

sub slurp {
  open(my $in, '<', $_[0]) or return '';
  local $/;
  return scalar readline($in);
}

# It looks for itself by the name of the program.
$0 = './run_make_tests.pl';
unshift @INC, '.';
require 'test_driver.pl';
# A command on a loaded machine takes longer than a make.
$test_timeout = $timeout;

no warnings 'redefine';
my $compare = \&main::compare_output;
*main::compare_output = sub {
  my ($answer, $log) = @_;
  my $run_before = $test_passed;
  my $passed = &$compare(@_);
  record(place(), $passed, $passed ? () : (
    command => $command_string,
    expected => defined $answer ? $answer : '(anything)',
    got => slurp($log),
    status => $run_before ? 'as expected' : 'another status',
  ));
  return $passed;
};

my $run_all = \&main::run_all_tests;
*main::run_all_tests = sub {
  if ($make) {
    unlink($link);
    symlink($make, $link) or die "$link: $!\n";
  }
  my @warnings;
  local $SIG{__WARN__} = sub { push @warnings, @_; print STDERR @_ };
  &$run_all(@_);
  my $died = $status =~ /^FAILED/ && ($tests_run == $tests_passed || !defined $code);
  record('script', !$died, $died ? (got => join('', @warnings)) : ());
  record('n/a', 1) if $status eq 'N/A';
};

do './run_make_tests.pl';
die $@ || $! || 'run_make_tests.pl';
