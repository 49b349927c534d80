# A lane for hosts without perl: runs jobs one after another for a distmake on the other end of stdin and stdout.
# src/lane/sh-lane.ts speaks with it and describes the frames. Needs a POSIX sh and awk, cat, chmod, dd, env, find, mkdir,
# mkfifo, rm, rmdir, sh, sleep, tar, touch, wc, a stat that shows times (or GNU find), and setsid or timeout; flock where the
# host's owner limits jobs, renice where its owner wants another niceness.
#
# What comes are lines of sh, evaluated one after another; they call the functions below. stdin is descriptor 3 and stdout
# is 4 from here on, so that nothing else reads or writes there by accident; 5 is the place of a job, 6 the claim to the staging
# directory. Paths start with ./ and the current directory is the tree. No process is started where a builtin will do: each costs a millisecond.

n='
'
stale=1     # the tree has changed since it was last listed
trouble=    # the first thing that went wrong while entries were applied
group=      # what gives a job a process group of its own
staging=    # the directory of all lanes, once there is one
guard=      # the process that ends what is left of the lane
restore='unset LC_ALL TZ'
if [ -n "${LC_ALL+x}" ]; then lc_all=$LC_ALL restore="$restore; LC_ALL=\$lc_all; export LC_ALL"; fi
if [ -n "${TZ+x}" ]; then tz=$TZ restore="$restore; TZ=\$tz; export TZ"; fi
# bash says nothing of signals while it is as POSIX wants it.
if [ -n "${BASH_VERSION-}" ]; then set +o posix; fi
LC_ALL=C TZ=UTC0
export LC_ALL TZ
IFS=' 	
'

refuse() {
  printf 'refused %s\n' "$1" >&4
  exit 1
}

# The same for what may be otherwise in a while.
give_up() {
  printf 'failed %s\n' "$1" >&4
  exit 1
}

leave() {
  sweep 0
  kill "$guard"
  wait "$guard"
  if [ -n "$staging" ]; then touch -c "$staging/owner"; fi
  exit 0
} 2>/dev/null

# ---- signs of life -------------------------------------------------------------------------------------------------
# A lane that has something to do says `alive` now and then, between its frames, and so does the runner all the time. No clock is
# needed: what the runner says is answered, by the lane itself or by who listens meanwhile. Only while the lane reads the bytes
# of a frame does it look at the clock.
alive() {
  heard
  printf 'alive\n' >&4
}

# For the guard: the runner was there.
heard() {
  printf '' >"$home/heard"
} 2>/dev/null

spoke=0
breathe() {
  heard
  clock
  if [ $((now - spoke)) -ge "$pulse" ]; then
    spoke=$now
    printf 'alive\n' >&4
  fi
}

# A command that may take long, and prints nothing.
patiently() {
  "$@" 3<&- 4>&- 5<&- 6<&- &
  patient=$!
  while kill -0 "$patient" && ! ended "$patient"; do
    nap
    breathe
  done
  wait "$patient"
} 2>/dev/null

# Ends the lane, with its job, when the runner has said nothing for `limit` seconds, whatever it waits for, and what is left of it when
# it was killed. Seconds in which this process was stopped are not counted. On SIGTERM it goes, with its sleep.
guard() {
  trap 'kill $!; exit' TERM
  quiet=0
  while kill -0 $$ && [ "$quiet" -lt "$limit" ]; do
    sleep "$tick" &
    wait $!
    quiet=$((quiet + tick))
    if [ -e "$home/heard" ]; then
      rm -f "$home/heard"
      quiet=0
    fi
  done
  kill -9 $$
  end_job
  read -r watcher <"$home/watcher" && kill -9 "$watcher"
  sweep 0
  sign=PWD=$home/tree
  sweep 0
  touch -c "$staging/owner"
} 2>/dev/null

# ---- reading -------------------------------------------------------------------------------------------------------
# Exactly $1 bytes of what comes, to stdout. head and tar would read on into the next frame; so would a dd that fills
# its block from a pipe without fullblock stop short of it.
take() {
  if [ -z "$fullblock" ]; then
    take_slowly "$1"
  elif [ "$1" -le 65536 ]; then
    dd bs="$1" count=1 iflag=fullblock <&3 2>/dev/null
  else
    # More at a time as long as that takes less than a second or so.
    left=$1 blocks=1
    while [ "$left" -ge 65536 ]; do
      if [ $((left / 65536)) -lt $blocks ]; then blocks=$((left / 65536)); fi
      clock
      before=$now
      dd bs=65536 count=$blocks iflag=fullblock <&3 2>/dev/null
      breathe
      left=$((left - blocks * 65536))
      if [ $((now - before)) -lt 50 ]; then
        blocks=$((blocks * 2))
      elif [ $((now - before)) -gt 200 ]; then
        blocks=$((blocks / 2 + 1))
      fi
    done
    if [ "$left" -gt 0 ]; then dd bs="$left" count=1 iflag=fullblock <&3 2>/dev/null; fi
  fi
}

take_slowly() {
  left=$1
  while [ "$left" -gt 0 ]; do
    size=65536
    if [ "$left" -lt "$size" ]; then size=$left; fi
    dd bs="$size" count=1 <&3 >"$home/piece" 2>/dev/null
    size=$(wc -c <"$home/piece")
    if [ "$size" -le 0 ]; then break; fi
    cat "$home/piece"
    left=$((left - size))
    breathe
  done
  : >"$home/piece"
}

# $1 bytes of sh: what is too long for a line, which is read byte by byte. Never by way of a file: a job's variables are in it.
long() {
  eval "$(take "$1")"
}

# ---- entries -------------------------------------------------------------------------------------------------------
fail() {
  if [ -z "$trouble" ]; then trouble=${1%%"$n"*}; fi
}

# Whether all levels above a path that are there are real directories: nothing is reached through a link that a job left.
checked=
inside() {
  rest=${1#./}
  case $rest in
    */*) ;;
    *) return 0 ;;
  esac
  if [ "${rest%/*}" = "$checked" ]; then return 0; fi
  at=.
  while :; do
    case $rest in
      */*) ;;
      *) break ;;
    esac
    at=$at/${rest%%/*} rest=${rest#*/}
    if [ -h "$at" ]; then return 1; fi
    if [ ! -d "$at" ]; then
      if [ -e "$at" ]; then return 1; fi
      return 0
    fi
  done
  checked=${at#./}
}

clear() {
  slow=
  for path do
    if [ -d "$path" ] && ! [ -h "$path" ]; then slow=patiently; fi
  done
  if $slow rm -rf "$@" 2>/dev/null; then return; fi
  for path do chmod u+rwx "${path%/*}" 2>/dev/null; done
  patiently find "$@" -type d -exec chmod u+rwx {} \;
  $slow rm -rf "$@" 2>/dev/null
}

# Nothing is to stand at these paths. What cannot be reached is gone already.
removed() {
  checked=
  for path do
    shift
    if { [ -e "$path" ] || [ -h "$path" ]; } && inside "$path"; then set -- "$@" "$path"; fi
  done
  if [ $# -gt 0 ]; then clear "$@" || fail "$1: cannot be removed"; fi
}

# Makes room where directories of mode $1 are about to be unpacked; not every tar gives a mode to one that is there.
directories() {
  mode=$1 checked=
  shift
  for path do
    shift
    if ! inside "$path"; then
      fail "$path: a level above is not a directory"
    elif [ ! -h "$path" ] && [ -d "$path" ]; then
      set -- "$@" "$path"
    elif [ -h "$path" ] || [ -e "$path" ]; then
      clear "$path" || fail "$path: cannot be removed"
    fi
  done
  if [ $# -gt 0 ]; then chmod "$mode" "$@" 2>/dev/null || fail "$1: chmod"; fi
}

# Makes room where files and links are about to be unpacked: what is there goes, so that no other name of it changes.
files() {
  checked=
  for path do
    shift
    if ! inside "$path"; then
      fail "$path: a level above is not a directory"
    elif [ -e "$path" ] || [ -h "$path" ]; then
      set -- "$@" "$path"
    fi
  done
  if [ $# -gt 0 ]; then clear "$@" || fail "$1: cannot be removed"; fi
}

# A tar of $1 bytes follows. The umask counts for the tar of busybox, -p or not.
unpack() {
  stale=1
  breathe
  if [ -n "$trouble" ]; then
    take "$1" >/dev/null
    return
  fi
  take "$1" | {
    umask 0
    tar -xpof - >/dev/null 2>"$home/said"
    status=$?
    cat >/dev/null
    exit $status
  }
  if [ $? -ne 0 ]; then
    IFS= read -r said <"$home/said"
    fail "tar: $said"
  fi
}

# Sets a time: $1 in the form of touch -d, $2 in that of touch -t. A link itself has none that matters to make.
at() {
  stale=1 checked=
  if [ -h "$3" ] || ! [ -e "$3" ] || ! inside "$3"; then return; fi
  if [ -n "$exact_touch" ]; then touch -c -d "$1" "$3"; else touch -c -t "$2" "$3"; fi 2>/dev/null || fail "$3: touch"
}

applied() {
  stale=1
  if [ -n "$trouble" ]; then
    shortage "$(printf %s "$trouble" | grep -E "$full")"
    printf 'trouble %s\n' "${short:+$short, }$trouble"
  else
    echo applied
  fi >&4
  trouble=
  : >"$home/done"
  clock
  changed=$now
}

# ---- what stands in the tree ---------------------------------------------------------------------------------------
# One record for each path: //TYPE-AND-MODE INODE SIZE TIME CHANGE-TIME ./PATH. A path can contain line ends, but never //.
# mark and done are files of ours, made when a job began and when it ended, by the clock that stamps the others; done is the
# last of a listing that is whole.
list() {
  case $listing in
    find) find . ../mark ../done -printf '//%y%m %i %s %T@ %C@ %p\n' ;;
    stat) find . ../mark ../done -exec stat -c '//%f %i %s %y %z %n' {} "$each" ;;
    bsd) find . ../mark ../done -exec stat -f '//%Xp %i %z %Fm %Fc %N' {} "$each" ;;
  esac >"$1" 2>/dev/null
}

# Compares two listings. To stdout, for the other end: //X removed, //U no longer known, //S cannot travel, and the record
# of what is new or different behind F, D or L; at the end `//.`. To CODE: calls of the functions below, which gather contents or remove.
compare='
function load(file, into, names,   line, record, count) {
  count = 0
  record = ""
  while ((getline line < file) > 0) {
    if (substr(line, 1, 2) == "//") {
      if (record != "") count = enter(record, into, names, count)
      record = line
    } else record = record "\n" line
  }
  if (record != "") count = enter(record, into, names, count)
  close(file)
  return count
}
function enter(record, into, names, count,   at) {
  at = index(record, " ./")
  if (at == 0) {
    if (names["marks"] && index(record, " ../mark")) printf "//B %s\n", substr(record, 3)
    if (names["marks"] && index(record, " ../done")) printf "//E %s\n", substr(record, 3)
    if (index(record, " ../done")) whole++
    return count
  }
  names[count] = substr(record, at + 1)
  into[names[count]] = substr(record, 1, at - 1)
  return count + 1
}
function kind(stamp,   c) {
  c = tolower(substr(stamp, 3, 1))
  return c ~ /[f8]/ ? "F" : c ~ /[d4]/ ? "D" : c ~ /[la]/ ? "L" : "S"
}
function differ(one, other) {
  if (one == other) return 0
  if (kind(one) != "D" || kind(other) != "D") return 1
  return substr(one, 1, index(one, " ")) != substr(other, 1, index(other, " "))
}
function call(name, path,   parts, count, i, word) {
  count = split(path, parts, "\047")
  word = "\047" parts[1]
  for (i = 2; i <= count; i++) word = word "\047\"\047\"\047" parts[i]
  if (count == 0) word = "\047"
  word = word "\047"
  if (name != verb || length(words) > 20000) finish()
  verb = name
  words = words " " word
}
function finish() {
  if (verb != "") print verb words > code
  verb = words = ""
}
BEGIN {
  code = ENVIRON["CODE"]
  wanted = ENVIRON["WANTED"]
  except = ENVIRON["EXCEPT"]
  printf "" > code
  oldnames["marks"] = 0
  newnames["marks"] = 1
  olds = load(ENVIRON["KNOWN"], old, oldnames)
  news = load(ENVIRON["NOW"], new, newnames)
  for (i = 0; i < olds; i++) {
    path = oldnames[i]
    if (!(path in new)) printf "//%s %s\n", wanted && path != except ? "X" : "U", path
  }
  for (i = 0; i < news; i++) {
    path = newnames[i]
    stamp = new[path]
    known = path in old
    if (known && !differ(old[path], stamp)) continue
    if (wanted && path != except) {
      type = kind(stamp)
      if (known && (kind(old[path]) == "D") != (type == "D")) printf "//X %s\n", path
      if (type == "S") printf "//S %s\n", path
      else printf "//%s %s %s\n", type, substr(stamp, 3), path
      if (type == "F") call("contents", path)
      if (type == "L") call("target", path)
    } else if (known) printf "//U %s\n", path
    else call("undo", path)
  }
  finish()
  close(code)
  if (whole == 2) printf "//.\n"
}'

contents() {
  unreadable=
  for path do
    if [ ! -r "$path" ]; then unreadable=1; fi
  done
  if [ -z "$unreadable" ]; then
    cat "$@" 2>/dev/null
    return
  fi
  stale=1
  for path do
    if [ -r "$path" ]; then
      cat "$path"
    else
      chmod u+r "$path" && cat "$path"
      chmod u-r "$path"
    fi 2>/dev/null
  done
}

target() {
  for path do readlink "$path"; done
}

undo() {
  stale=1
  clear "$@"
}

# ---- clocks --------------------------------------------------------------------------------------------------------
# Sets `now`, in hundredths of a second.
clock() {
  if [ -n "$uptime" ]; then
    read -r now rest </proc/uptime
    now=${now%.*}${now#*.}
  else
    now=$(date +%s)00
  fi
}

# Makes the mark of a job that begins, in a later tick of the file system clock than the last change: one in the same tick
# would not show. Not every shell compares fractions of a second; then hundredths of the uptime tell.
settle() {
  if [ -n "$coarse" ]; then sleep 1; fi
  : >"$home/mark"
  while [ -z "$coarse" ] && ! [ "$home/mark" -nt "$home/done" ]; do
    clock
    if [ -n "$uptime" ] && [ $((now - changed)) -ge 2 ]; then return; fi
    nap
    : >"$home/mark"
    if [ -z "$uptime" ]; then return; fi
  done 2>/dev/null
}

nap() {
  sleep 0.01 2>/dev/null || sleep 1
}

# ---- room ----------------------------------------------------------------------------------------------------------
# Sets `short` to why nothing more can be written to the staging directory, for people. $1: what a job has said of it.
shortage() {
  short=
  for unit in i k; do
    facts=$(df "-P$unit" "$staging" 2>/dev/null) || continue
    facts=${facts##*"$n"}
    set -- "$1" $facts
    case ${3-}/${5-} in
      */*[!0-9]* | *[!0-9]*/* | 0/* | */ | /*) continue ;;
    esac
    if [ $unit = i ]; then
      if [ "$5" -lt 16 ]; then short="no inodes left in $staging"; fi
    elif [ "$5" -lt 4096 ]; then
      short="no space left in $staging: $5 kB free"
    elif [ -n "$1" ] && { [ "$5" -lt 1048576 ] || ! can_write; }; then
      short="no space left in $staging: $5 kB free"
    fi
    if [ -n "$short" ]; then return; fi
  done
}

# A quota shows only to who tries.
can_write() {
  dd if=/dev/zero of="$home/full" bs=65536 count=64 2>/dev/null
  set -- $?
  rm -f "$home/full"
  return "$1"
}

full='No space left on device|Disk quota exceeded'

# The last word of a lane: what its tree holds cannot be told any more.
lose() {
  listen_no_more
  printf 'lost %s %s\n' "$id" "$1" >&4
  leave
}

# ---- jobs ----------------------------------------------------------------------------------------------------------
# Ends whatever has this lane's mark in its environment, of the processes with a number above $1: what a job left running, in
# whatever session or group. Hosts without /proc have only the group.
sweep() {
  if [ ! -r /proc/self/environ ]; then return; fi
  for round in 1 2 3 4 5 6 7 8 9 10; do
    set -- "$1"
    for process in /proc/[0-9]*; do
      if [ "${process#/proc/}" -gt "$1" ]; then set -- "$@" "$process/environ"; fi
    done
    above=$1
    shift
    if [ $# -eq 0 ]; then return; fi
    found=$(grep -zlF "$sign" "$@" 2>/dev/null)
    if [ -z "$found" ]; then return; fi
    for process in $found; do
      process=${process%/environ}
      kill -9 "${process#/proc/}" 2>/dev/null
    done
    set -- "$above"
  done
}

end_job() {
  printf '' >"$home/killed"
  read -r pid <"$home/job" && { kill -9 "-$pid" || kill -9 "$pid"; }
} 2>/dev/null

# What the job prints is sent when it has ended: that there is more of it is told before.
tell_printed() {
  for printed in "$home/out" "$home/err"; do
    if [ -s "$printed" ] && [ "$printed" -nt "$home/told" ]; then
      : >"$home/told"
      printf 'printed\n' >&4
    fi
  done
}

# Listens while job $1 is in hand: for the frames that count then, and for the end of the stream, or of the lane itself.
watch() {
  trap '' PIPE
  while IFS= read -r line <&3 && kill -0 $$; do
    case $line in
      "cancel $1") end_job ;;
      alive)
        alive
        tell_printed
        ;;
    esac
  done 2>/dev/null
  end_job
}

listen() {
  watch "$id" >/dev/null &
  watcher=$!
  printf '%s\n' "$watcher" >"$home/watcher"
}

# Whoever listens must not get in between what is said from here on, or read what comes then.
listen_no_more() {
  kill -9 "$watcher" 2>/dev/null
  wait "$watcher" 2>/dev/null
}

# Waits until all that a job printed has been read. What holds the pipe still, beyond reach of a signal, is left behind.
drain() {
  tries=0
  while [ $tries -lt 50 ] && running "$1"; do
    tries=$((tries + 1))
    nap
  done
  if running "$1"; then
    kill -9 "$1"
    rm -f "$home/o" "$home/e"
    mkfifo "$home/o" "$home/e"
    wait "$1"
  else
    wait "$1" || broken="what the job printed cannot be kept there"
  fi 2>/dev/null
}

running() {
  [ -n "$uptime" ] && { read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  case $line in
    *') Z '*) return 1 ;;
  esac
}

# Whether a child has, although nobody has waited for it. Without /proc it is not known.
ended() {
  [ -n "$uptime" ] && ! running "$1"
}

# What the inner sh does is known by its number: nobody else could tell the job's own process from inside a subshell.
begin='
  echo $$ >"$0/job"
  if [ -e "$0/killed" ]; then kill -9 $$; fi
  unset SHLVL OLDPWD
  exec "$@"'

# run ID UMASK MERGE KEEP RECIPE DIRECTORY EXCEPT FRONT PATH COUNT NAME=VALUE... NAME=VALUE... ARGV...
# FRONT: PATH goes before the host's own, else it is all there is. COUNT: how many variables are to be exported; those behind
# them are for env.
run() {
  id=$1
  take_place job "$@"
  case $hindered in
    '') ;;
    busy) printf 'busy %s\n' "$id" >&4 ;;
    *) lose "$hindered" ;;
  esac
}

# The same, with a place: only what listens for its end holds that too, if the lane itself is gone.
job() {
  id=$1 mask=$2 merge=$3 keep=$4 recipe=$5 directory=$6 except=$7 path=$9
  if [ "$8" = 1 ]; then path=$path$PATH; fi
  shift 9
  # In capitals: no job exports these names.
  LANE_COUNT=$1
  shift
  broken=
  : >"$home/job"
  if [ -e "$home/killed" ]; then rm -f "$home/killed"; fi
  listen
  if [ -z "$shared" ]; then
    if [ -n "$stale" ]; then list "$known"; fi
    stale=
    settle
  fi
  # What it leaves there the next line of its recipe finds, whichever lane runs that.
  tmp=$staging/r$recipe
  if [ "$recipe" = 0 ]; then tmp=$home/r0; fi
  if ! [ -d "$tmp" ]; then mkdir "$tmp" 2>/dev/null; fi
  : >"$home/err"
  : >"$home/told"
  # Without the mark by which sweep knows what a job left.
  PWD=/ cat <"$home/o" >"$home/out" 3<&- 4>&- 5<&- 6<&- &
  reader=$! second=
  if [ "$merge" = 0 ]; then
    PWD=/ cat <"$home/e" >"$home/err" 3<&- 4>&- 5<&- 6<&- &
    second=$!
  fi
  clock
  began=$now
  # In the foreground, not in the background: there a job would ignore SIGINT and SIGQUIT for good. And so the shell says
  # on its stderr when a signal ended the job: exit 137 and SIGKILL have the same status.
  {
    (
      exec 3<&- 4>&- 5<&- 6<&- >"$home/o"
      if [ "$merge" = 0 ]; then exec 2>"$home/e"; else exec 2>&1; fi
      directory=$tree${directory#.}
      if ! cd "$directory" 2>/dev/null; then
        printf 'cd: %s: not a directory there\n' "$directory" >&2
        exit 126
      fi
      eval "$restore" 2>/dev/null
      umask "$mask"
      # Anybody on the host can read the words of a process, but not its environment: what is exported here has never been a
      # word. It may have the names of the lane's own variables.
      if [ -n "$shared" ]; then export "$sign"; fi
      LANE_BEGIN=$begin LANE_HOME=$home LANE_GROUP=$group LANE_PATH=$path LANE_DIRECTORY=$directory LANE_TMP=$tmp
      while [ "$LANE_COUNT" -gt 0 ]; do
        export "$1"
        shift
        LANE_COUNT=$((LANE_COUNT - 1))
      done
      exec sh -c "$LANE_BEGIN" "$LANE_HOME" $LANE_GROUP env "PATH=$LANE_PATH" "PWD=$LANE_DIRECTORY" "TMPDIR=$LANE_TMP" "$@"
    )
    status=$?
  } 2>"$home/said"
  clock
  pid=0
  read -r pid <"$home/job" && kill -9 "-$pid" 2>/dev/null
  sweep "${pid:-0}"
  : >"$home/job"
  : >"$home/done"
  # Until here it has held the job's place.
  listen_no_more
  exec 5<&-
  listen
  changed=$now elapsed=$((now - began))

  how=exit
  if [ $status -gt 256 ]; then
    how=signal status=$((status % 128))
  elif [ $status -gt 128 ] && [ -s "$home/said" ]; then
    how=signal status=$((status - 128))
  fi
  if [ "$recipe" = 0 ]; then clear "$tmp"; else rmdir "$tmp" 2>/dev/null; fi
  if [ "$how$status" != exit0 ] && ! [ -e "$home/killed" ]; then
    shortage "$(grep -El "$full" "$home/out" "$home/err" 2>/dev/null)"
    if [ -n "$short" ]; then lose "$short"; fi
  fi
  wanted=$keep
  if [ "$how$status" = exit0 ]; then wanted=1 except=; fi
  if [ "$wanted" = 0 ]; then wanted=; fi
  : >"$home/list"
  : >"$home/data"
  if [ -z "$shared" ]; then
    list "$next"
    KNOWN=$known NOW=$next CODE=$home/code WANTED=$wanted EXCEPT=$except awk "$compare" >"$home/list" || broken='awk failed there'
    . "$home/code" >"$home/data"
  fi
  drain "$reader"
  if [ -n "$second" ]; then drain "$second"; fi
  if [ -n "$broken" ]; then
    shortage "$broken"
    lose "${short:-$broken}"
  fi
  listen_no_more
  wc -c "$home/out" "$home/err" "$home/list" "$home/data" >"$home/sizes"
  { read -r out rest; read -r err rest; read -r list rest; read -r data rest; } <"$home/sizes"
  look_at_load
  printf 'end %s %s %s %s0000 %s %s %s %s %s\n' "$id" "$how" "$status" "$elapsed" "$averages" "$out" "$err" "$list" "$data" >&4
  give "$out" "$home/out"
  give "$err" "$home/err"
  give "$list" "$home/list"
  give "$data" "$home/data"
  swap=$known known=$next next=$swap
}

# Sends the $1 bytes of a file. That they are taken shows that the runner is there: on a slow link few at a time.
give() {
  if [ "$1" -le 262144 ]; then
    if [ "$1" -gt 0 ]; then cat "$2"; fi
    heard
  else
    sent=0
    while [ $((sent * 65536)) -lt "$1" ]; do
      dd if="$2" bs=65536 skip=$sent count=4 2>/dev/null
      sent=$((sent + 4))
      heard
    done
  fi >&4
}

# A cancel that comes when its job has ended.
cancel() {
  :
}

# The workspace of the runner itself, on a file system that this host shares with it; it has the token there.
check_shared() {
  why=
  if ! [ -w "$shared" ]; then
    why='it cannot be written there'
  elif ! [ -r "$shared/$1" ]; then
    why="$1 is not there, or cannot be read"
  elif [ "$(cat "$shared/$1" && echo .)" != "$1." ]; then
    why="$1 there is not the runner's"
  fi
  if [ -n "$why" ]; then
    refuse "$shared is not the runner's workspace there ($why): 'staging: none' needs it on a file system that host and runner share, at the same path"
  fi
}

# ---- what the host says of itself ------------------------------------------------------------------------------------
# Sets `averages` to the load averages of the last 1, 5 and 15 minutes.
look_at_load() {
  averages=-
  { read -r one five fifteen rest </proc/loadavg; } 2>/dev/null || return
  averages=$one,$five,$fifteen
  case $averages in
    *[!0-9.,]* | ,* | *,,* | *, | *,*,*,*) averages=- ;;
  esac
}

load() {
  look_at_load
  printf 'load %s\n' "$averages" >&4
}

# Sets `processors` to how many are online.
count_processors() {
  processors=$(getconf _NPROCESSORS_ONLN 2>/dev/null) || processors=$(grep -c '^processor' /proc/cpuinfo 2>/dev/null)
  case $processors in
    '' | 0* | *[!0-9]* | ??????*) processors=1 ;;
  esac
}

# ---- the owner -----------------------------------------------------------------------------------------------------
# What the host's owner says, for all users and runs: dmake's file, or else ours.
owners_files='/etc/opt/SPROdmake/dmake.conf /etc/distmake.conf'

wrong_line() {
  line=$(printf %.80s "$line")
  refuse "line $number of its owner's file $file is wrong: \"$line\"; there is to be \"max_jobs: 8\" (0 to 9999) and, if wanted, \"nice_prio: 5\" (-20 to 19), each once"
}

trim() {
  text=$1
  while :; do
    case $text in
      [[:space:]]*) text=${text#?} ;;
      *[[:space:]]) text=${text%?} ;;
      *) return ;;
    esac
  done
}

# Sets `cap` and `niceness`; each is empty where nothing is said of it. $1: 1 if a host without such a file takes no jobs.
heed_owner() {
  cap= niceness= found=
  for file in $owners_files; do
    if [ -z "$found" ] && { [ -e "$file" ] || [ -h "$file" ]; }; then found=$file; fi
  done
  if [ -z "$found" ]; then
    if [ "$1" = 0 ]; then return; fi
    refuse "dmake takes no jobs to a host whose owner has not said how many it may have, in ${owners_files% *} or $file: as root on that host, echo \"max_jobs: N\" >$file"
  fi
  file=$found number=0
  if ! [ -f "$file" ] || ! [ -r "$file" ]; then refuse "its owner's file $file cannot be read"; fi
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    trim "${line%%#*}"
    if [ -z "$text" ]; then continue; fi
    value=${text#*:}
    trim "${text%%:*}"
    key=$text
    trim "$value"
    case $key:${text#-} in
      *:*[!0-9]* | *: | *:0?* | *:?????*) wrong_line ;;
      max_jobs:*)
        if [ -n "$cap" ] || [ "$text" -lt 0 ]; then wrong_line; fi
        cap=$text
        ;;
      nice_prio:*)
        if [ -n "$niceness" ] || [ "$text" -lt -20 ] || [ "$text" -gt 19 ]; then wrong_line; fi
        niceness=$text
        ;;
      *) wrong_line ;;
    esac
  done <"$file"
  if [ -z "$cap" ]; then refuse "its owner's file $file does not say how many jobs it takes: a line \"max_jobs: 8\" is missing"; fi
  if [ "$cap" -eq 0 ]; then refuse "its owner allows no jobs (max_jobs: 0 in $file)"; fi
  if ! command -v flock >/dev/null 2>&1; then
    refuse "there is neither perl nor flock on its PATH, without which its owner's limit cannot be kept (max_jobs: $cap in $file)"
  fi
  if [ -n "$niceness" ]; then be_nice; fi
}

# Who may not have a lower one keeps what there is.
be_nice() {
  renice "$niceness" -p $$ >/dev/null 2>&1
  look_at_niceness
  if [ "${is:-0}" -lt "$niceness" ]; then
    refuse "it cannot run jobs at its owner's niceness (nice_prio: $niceness in $file): there is neither perl nor renice on its PATH"
  fi
}

# Sets `is` to the niceness of this lane.
look_at_niceness() {
  if { read -r line </proc/self/stat; } 2>/dev/null; then
    set -- ${line##*) }
    is=${17}
  else
    is=$(nice 2>/dev/null)
  fi
}

# ---- places --------------------------------------------------------------------------------------------------------
# The jobs that the host's owner allows at one time. Each place is a file, and who has it locked has the place; the lane in
# perl does the same with the same files. Any user may have made the directory and what is in it, so nothing of that is
# believed: it is read only, and what is no plain file cannot be had. (There is a moment between the look at a file and its
# opening; who uses that can make this lane wait, and nothing else.)
places=/tmp/.distmake-slots

# Whether there is a file for place $1. It is made in the directory itself, even if its name leads elsewhere by now.
have_place() {
  if ! [ -e "$places/$1" ]; then
    (cd "$places" && [ . -ef "$places" ] && ! [ -h "$places" ] && umask 022 && set -C && : >"./$1") 2>/dev/null
  fi
  [ -f "$places/$1" ] && ! [ -h "$places/$1" ] && [ -r "$places/$1" ]
}

# Who clears /tmp may take the file of a place away at any moment: then the lock is on nothing that others see.
same_place() {
  ! [ -e /proc/self/fd/5 ] || { [ "$places/$1" -ef /proc/self/fd/5 ] && ! [ -h "$places/$1" ]; }
}

# Does what the words say with a place for one job. Sets `hindered` to what was in the way: nothing, `busy`, or why nobody can
# have one. Lanes begin at different places, and then at the one they had last.
take_place() {
  hindered=
  if [ -z "$cap" ]; then
    "$@"
    return
  fi
  if ! [ -d "$places" ]; then (umask 0 && mkdir -m 1777 "$places") 2>/dev/null; fi
  if [ -h "$places" ] || ! [ -d "$places" ]; then
    hindered="$places is not a directory"
    return
  fi
  place=${place:-$(($$ % cap + 1))} tried=0 hindered="nothing in $places can be locked"
  while [ $tried -lt "$cap" ]; do
    tried=$((tried + 1))
    if have_place "$place"; then
      {
        flock -x -n 5 2>/dev/null
        case $? in
          0) if same_place "$place"; then hindered=; else hindered=busy; fi ;;
          1) hindered=busy ;;
        esac
        if [ -z "$hindered" ]; then
          "$@"
          return
        fi
      } 5<"$places/$place"
    fi
    place=$((place % cap + 1))
  done
}

# ---- start ---------------------------------------------------------------------------------------------------------
# Says whose the staging directory is, with a file that every lane there has locked and touches when it comes and when it goes:
# whoever removes what is left of runs that have gone goes by that.
claim() {
  if [ "$1" = 1 ]; then
    whose=distmake name=${staging##*/}
    case $name in
      make-*-[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9]-*-*)
        name=${name#make-} rest=${name%-*-*-*} name=${name#"$rest-"}
        whose="$whose $rest $(printf %s "${name%%-*}" | sed 's/\(....\)\(..\)\(..\)\(..\)\(..\)\(..\)/\1-\2-\3T\4:\5:\6Z/')"
        ;;
    esac
    (set -C && printf '%s\n' "$whose" >"$staging/owner") 2>/dev/null || give_up "cannot write in $staging"
  fi
  touch -c "$staging/owner"
  if [ -r "$staging/owner" ]; then
    exec 6<"$staging/owner"
    # Where there are no locks it does without.
    if command -v flock >/dev/null 2>&1; then flock -s -n 6 2>/dev/null; fi
  fi
  printf '%s\n' $$ >"$home/pid"
}

# start STAGING NUMBER CREATE SHARED TOKEN REQUIRED PULSE LIMIT: SHARED is the workspace where jobs run in it, else empty; REQUIRED
# is 1 for a host that takes no jobs unless its owner has said how many; PULSE and LIMIT are for signs of life: hundredths of a
# second between two of the lane, seconds without one of the runner.
start() {
  pulse=$7 limit=$8 tick=5
  for name in $(env | sed -n 's/^\(SSH_[A-Za-z0-9_]*\)=.*/\1/p'); do unset "$name"; done
  unset DISTMAKE_SETUP TMPDIR TMP TEMP name
  PATH=${PATH:-/usr/local/bin:/usr/bin:/bin}
  export PATH
  umask 077
  for tool in awk cat chmod dd env find grep mkdir mkfifo rm rmdir sed sleep tar touch wc; do
    command -v "$tool" >/dev/null 2>&1 || refuse "there is neither perl nor $tool on its PATH"
  done
  if command -v setsid >/dev/null 2>&1; then
    group=setsid
  elif timeout 0 true >/dev/null 2>&1; then
    group='timeout 0'
  else
    refuse 'there is neither perl nor setsid nor timeout on its PATH: a job could not be ended there'
  fi

  heed_owner "$6"
  place=
  take_place true
  case $hindered in
    '' | busy) ;;
    *) give_up "its owner's limit cannot be kept there: $hindered" ;;
  esac

  staging=$1 home=$1/l$2 tree=$1/l$2/tree shared=$4
  if [ -n "$shared" ]; then check_shared "$5"; fi
  if [ "$3" = 1 ]; then mkdir "$staging" 2>/dev/null || give_up "cannot make $staging"; fi
  if [ -h "$staging" ] || [ ! -d "$staging" ] || [ ! -O "$staging" ]; then give_up "$staging is not ours"; fi
  mkdir "$home" && mkdir "$tree" && chmod 755 "$tree" && mkfifo "$home/o" "$home/e" || give_up "cannot make $home"
  claim "$3"
  cd "$tree" || give_up "cannot enter $tree"
  unset OLDPWD
  sign=PWD=$tree
  if [ -n "$shared" ]; then tree=$shared sign=DISTMAKE_LANE=$home/; fi
  : >"$home/mark"
  : >"$home/done"
  known=$home/known next=$home/next

  fullblock=
  if printf ab | dd bs=2 count=1 iflag=fullblock >/dev/null 2>&1; then fullblock=1; fi
  each=+
  if [ -z "$(find . -exec sh -c 'echo fine' {} + 2>/dev/null)" ]; then each=';'; fi
  if find . -printf '%C@' >/dev/null 2>&1; then
    listing=find
  elif stat -c '%f %z' . >/dev/null 2>&1; then
    listing=stat
  elif stat -f '%Xp %Fc' . >/dev/null 2>&1; then
    listing=bsd
  else
    refuse 'there is neither perl nor a stat that shows times on its PATH'
  fi
  coarse=1
  list "$known"
  while read -r line; do
    case $line in
      *.000000000*) ;;
      *[0-9].[0-9]*../mark) coarse= ;;
    esac
  done <"$known"
  uptime=
  if { read -r now rest </proc/uptime; } 2>/dev/null; then
    case $now in
      [1-9]*.[0-9][0-9]) uptime=1 ;;
    esac
  fi
  clock
  changed=$now
  exact_touch=
  if touch -c -d 2001-02-03T04:05:06.789Z "$home/mark" 2>/dev/null; then exact_touch=1; fi
  # Times finer than a second are in a pax header, which not every tar knows.
  times=whole
  case $(tar --version 2>/dev/null) in
    *'GNU tar'* | *bsdtar*) times=exact ;;
  esac
  guard 3<&- 4>&- 5<&- &
  guard=$!
  printf '%s %s\n' "$guard" $$ >"$home/pid"
  count_processors
  look_at_load
  printf 'hello 1 %s %s %s %s %s %s\n' "$listing" "$times" "$processors" "${cap:--}" "$averages" "$tree" >&4
}

exec 3<&0 4>&1 </dev/null >/dev/null
# Of what else was said to who listened there may be an end left.
while IFS= read -r line <&3; do
  case ${line%% *} in
    start | alive | long | removed | directories | files | unpack | at | applied | run | cancel | load) eval "$line" ;;
  esac
done
leave
