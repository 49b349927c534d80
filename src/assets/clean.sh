# Removes staging directories from a host: one of a run that ends (clean), or those of runs that are gone (sweep).
# src/build/clean sends it, with the call behind it. Needs a POSIX sh and chmod, find, ls, rm, rmdir and sleep; grep and /proc
# or ps to know what runs in a directory, date and stat (or GNU find, or perl) to know how old it is, flock or perl for locks,
# /proc and sed to know what is mounted in it.
#
# Other users can write to /tmp and may want something else of ours removed. So a directory is entered, looked at from inside,
# and emptied there: whatever stands at its name by then. By its name goes only the empty directory.

# The connection may end before the work does.
trap '' HUP PIPE
exec </dev/null
unset CDPATH
LC_ALL=C
export LC_ALL
IFS=' 	
'
n='
'

nap() {
  sleep 0.1 2>/dev/null || sleep 1
}

# Goes to where staging directories are. `base` is the kernel's name for it.
go_up() {
  cd -P /tmp && base=$(pwd -P)
}

# Enters directory $1 of /tmp, if it is one of ours: made there for nobody else, and with nothing in it that no run makes. Sets
# `name`, and `staging` to what its lanes call it. Sets `why` otherwise.
enter() {
  name=$1 staging=/tmp/$1 why='it is not a directory of this user that nobody else can enter: it was left alone'
  if [ -h "./$name" ] || ! [ -d "./$name" ] || ! [ -O "./$name" ]; then return 1; fi
  if ! cd -P "./$name" 2>/dev/null; then return 1; fi
  if [ "$(pwd -P)" = "${base%/}/$name" ] && [ -O . ]; then
    case $(ls -ld . 2>/dev/null) in
      drwx--[-S]---*)
        if is_made_by_us; then return 0; fi
        why='there is something in it that no run makes: it was left alone'
        ;;
    esac
  fi
  go_up
  return 1
}

# In a /tmp that is not sticky any user can give another directory of ours this name.
is_made_by_us() {
  if [ -f owner ] && ! [ -h owner ]; then return 0; fi
  for entry in * .[!.]* ..?*; do
    case $entry in
      tree | dirs | made | bin | parked | l[0-9]* | r[0-9]* | .t[0-9]*) ;;
      *) if [ -e "./$entry" ] || [ -h "./$entry" ]; then return 1; fi ;;
    esac
  done
}

# ---- what runs in it -----------------------------------------------------------------------------------------------
# Whether process $1 is a lane of ./$2: a number alone proves nothing, others may have it by now.
is_lane() {
  if [ -r /proc/self/stat ]; then
    grep -qF "$staging/l" "/proc/$1/cmdline" || [ "/proc/$1/cwd" -ef "./$2/tree" ] ||
      grep -zq -e "^PWD=$staging/" -e "^DISTMAKE_LANE=$staging/" "/proc/$1/environ"
  else
    ps -o args= -p "$1" | grep -qF "$staging/l"
  fi 2>/dev/null
}

# Sets `lanes` to the processes of the lanes that still run in it.
find_lanes() {
  lanes=
  for home in l[0-9]*; do
    if [ -h "$home/pid" ] || ! [ -f "$home/pid" ] || ! [ -r "$home/pid" ]; then continue; fi
    pids=
    read -r pids <"$home/pid"
    case $pids in
      *[!0-9\ ]*) continue ;;
    esac
    for pid in $pids; do
      if [ "${#pid}" -lt 10 ] && [ "$pid" -gt 1 ] && is_lane "$pid" "$home"; then lanes="$lanes $pid"; fi
    done
  done
}

# Waits until the lanes have ended, $1 tenths of a second at most.
await_lanes() {
  waited=0
  while find_lanes && [ -n "$lanes" ] && [ $waited -lt "$1" ]; do
    waited=$((waited + 1))
    nap
  done
  [ -z "$lanes" ]
}

# A lane whose run has let it go ends by itself, and ends its job.
end_lanes() {
  await_lanes 3 && return
  kill -TERM $lanes 2>/dev/null
  await_lanes 20 && return
  kill -KILL $lanes 2>/dev/null
  await_lanes 5
}

# Sets `kin` to this process and all above it: who cleans may stand in the directory.
find_kin() {
  kin=" $$ " above=$$
  while [ "$above" -gt 1 ] && read -r stat <"/proc/$above/stat"; do
    set -- ${stat##*) }
    above=$2 kin="$kin$2 "
  done 2>/dev/null
}

# What jobs have left running, whose lane could not end it any more: their variables lead into the directory, or they see the
# workspace or /tmp through what a lane has mounted from it.
end_strays() {
  if ! [ -r /proc/self/environ ]; then return; fi
  find_kin
  jailed=
  for root in l[0-9]*/root; do
    if [ -d "$root" ]; then jailed=1; fi
  done
  for round in 1 2 3 4 5 6 7 8 9 10; do
    strays=
    for file in $(
      grep -zl -e "^PWD=$staging/" -e "^TMPDIR=$staging/" -e "^DISTMAKE_LANE=$staging/" /proc/[0-9]*/environ
      if [ -n "$jailed" ]; then
        grep -l -e "upperdir=$staging/" -e "/$name/l[0-9]*/tmp " /proc/[0-9]*/mountinfo
      fi
    ); do
      pid=${file#/proc/} pid=${pid%%/*}
      case $kin in
        *" $pid "*) ;;
        *) strays="$strays $pid" ;;
      esac
    done 2>/dev/null
    if [ -z "$strays" ]; then return; fi
    kill -KILL $strays 2>/dev/null
    nap
  done
}

# ---- removing ------------------------------------------------------------------------------------------------------
# Whether something is mounted in the directory that we are in: it belongs to nobody's run. Sets `why`. No two directories have
# one name, so that the way to it does not matter. The kernel writes blanks and backslashes as octal numbers.
has_mount() {
  if ! [ -r /proc/self/mountinfo ]; then return 1; fi
  while read -r number above device root point rest; do
    case $point in
      */"$name" | */"$name"/*)
        why="something is mounted in it: $(printf %b "$(printf '%s\n' "$point" | sed 's/\\/\\0/g')")"
        return 0
        ;;
    esac
  done </proc/self/mountinfo
  return 1
}

# Empties the directory that we are in, and removes it. What is just ending may still write to it. Sets `why` when it is still there.
remove() {
  if has_mount; then
    go_up
    return 1
  fi
  tries=0 why=
  while [ $tries -lt 15 ]; do
    tries=$((tries + 1))
    said=$(find . ! -name . -prune -exec rm -rf {} \; 2>&1 >/dev/null)
    if [ -z "$(ls -A .)" ]; then break; fi
    # The work directory of an overlay has no rights at all.
    find . -type d ! -perm -700 -exec chmod u+rwx {} \; 2>/dev/null
    if [ $tries -gt 1 ]; then nap; fi
  done
  go_up
  said="$said$n$(rmdir "./$name" 2>&1)"
  if ! [ -e "./$name" ] && ! [ -h "./$name" ]; then return 0; fi
  said=${said#"$n"}
  why=${said%%"$n"*}
  why=${why:-it is still there}
  return 1
}

# clean NAME: removes one, and ends what lives in it. Nothing there is fine too.
clean() {
  if ! go_up; then
    echo '/tmp cannot be entered' >&2
    exit 1
  fi
  if ! [ -e "./$1" ] && ! [ -h "./$1" ]; then exit 0; fi
  if enter "$1"; then
    end_lanes
    end_strays
    if remove; then exit 0; fi
  elif ! [ -e "./$1" ] && ! [ -h "./$1" ]; then
    exit 0
  fi
  printf '%s\n' "$why" >&2
  exit 1
}

# ---- sweeping ------------------------------------------------------------------------------------------------------
# Whether $1 is a name that a run gives (src/build/staging-name.ts).
h='[0-9a-f]' d='[0-9]'
h=$h$h$h$h$h$h$h$h$h$h$h$h d=$d$d$d$d$d$d$d$d$d$d$d$d$d$d
is_staging_name() {
  case $1 in
    *[!A-Za-z0-9.-]*) return 1 ;;
    make-?*-$d-$h-$h) ;;
    *) return 1 ;;
  esac
}

# Sets `age` to how many seconds ago a lane in it has begun or ended, by this host's clock. Fails where that cannot be known.
look_at_age() {
  file=owner
  if ! [ -f owner ]; then file=.; fi
  since=$(stat -c %Y "$file" 2>/dev/null || stat -f %m "$file" 2>/dev/null ||
    find "$file" -prune -printf '%T@' 2>/dev/null || perl -e 'print((stat shift)[9])' "$file" 2>/dev/null)
  since=${since%%.*} now=$(date +%s)
  case $since/$now in
    *[!0-9]*/* | */*[!0-9]* | /* | */) return 1 ;;
  esac
  age=$((now - since))
  # The clock has been set back since.
  if [ "$age" -lt 0 ]; then age=0; fi
}

# Every lane holds a shared lock on the owner's file. 0: nobody has it, and we have it until descriptor 9 is closed; 1: somebody
# has it; more: there are no locks. NFS gives an exclusive one only to who may write (flock(2)). `command` has the shell go on
# when the file is gone by now.
lock() {
  if [ -w owner ]; then command exec 9<>owner; else command exec 9<owner; fi 2>/dev/null || return 2
  if command -v flock >/dev/null; then
    flock -x -n 9
  else
    perl -e 'open my $file, "<&=9" or exit 2; exit(flock($file, 6) ? 0 : $!{EWOULDBLOCK} ? 1 : 2)'
  fi 2>/dev/null
}

# A lane that is just beginning may not have said so yet.
await_claim() {
  if [ "$age" -lt 5 ]; then sleep 2; fi
}

# Sets `locked` to 1 where nobody else has a lock, and to nothing where that cannot be found out.
is_in_use() {
  locked=1
  if [ -f owner ] && ! [ -h owner ] && [ -r owner ]; then
    lock
    case $? in
      0) ;;
      1) return 0 ;;
      # Where there is no program for locks, the processes themselves tell.
      127) if ! [ -r /proc/self/stat ]; then locked=; fi ;;
      *) locked= ;;
    esac
  fi
  find_lanes
  [ -n "$lanes" ]
}

# say WORD TEXT: one line for the other end, about directory `name`.
say() {
  printf '%s %s %s %s %s %s\n' "$nonce" "$1" "$name" "$age" "$size" "$(printf %.300s "${2%%"$n"*}")"
}

# The same about the directory that we are in, if it still has its name: others clean up, too.
say_of() {
  if [ "${base%/}/$name" -ef . ]; then say "$@"; fi
}

# Whatever is asked for, this is how old a directory must be of which nothing else is known, in seconds.
day=86400

# Looks at the directory that we are in, and removes it if it is of no use to anybody.
sweep_one() {
  age=- size=-
  if [ "$sizes" = 1 ]; then
    size=$(du -sk . 2>/dev/null)
    size=${size%%[!0-9]*} size=${size:--}
  fi
  if ! look_at_age; then
    age=-
    say_of failed 'its age cannot be found out there'
  elif [ -e parked ] || [ -h parked ]; then
    say_of parked
  elif [ "$age" -lt "$stale" ]; then
    # Not even looked at with a lock: a lane that comes would be without.
    find_lanes
    if [ -n "$lanes" ]; then say_of used; else say_of young; fi
  elif { await_claim; is_in_use; }; then
    say_of used
  elif [ -z "$locked" ] && [ "$age" -lt $day ]; then
    say_of failed 'there are no locks that would tell whether a run has it: it stays until it is a day old'
  else
    end_strays
    if remove; then say removed; else say failed "$why"; fi
    return 0
  fi
  return 1
}

# sweep NONCE STALE KEEP SECONDS MOST SIZES: looks at all that are older than STALE seconds, but for those whose names begin with
# KEEP; no more once so many SECONDS are over or MOST have been removed. SIZES: 1 to say how large they are.
sweep() {
  nonce=$1 stale=$2 keep=$3 limit=$4 most=$5 sizes=$6
  if ! go_up; then
    echo '/tmp cannot be entered' >&2
    exit 1
  fi
  # Jobs go first.
  renice -n 19 -p $$ >/dev/null 2>&1
  begin=$(date +%s)
  for path in ./make-*-*-*-*; do
    case ${path#./} in
      "$keep"*) continue ;;
    esac
    if ! is_staging_name "${path#./}" || ! enter "${path#./}"; then continue; fi
    if sweep_one; then most=$((most - 1)); fi
    exec 9<&-
    go_up || exit 1
    if [ "$most" -le 0 ] || [ $(($(date +%s) - begin)) -ge "$limit" ]; then break; fi
  done
  printf '%s end\n' "$nonce"
  exit 0
}
