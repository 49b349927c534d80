#!/bin/sh
# Stands in for shim.c where nothing can be compiled: what make executes in place of a shell (under a name below
# @RUN@/sh or @RUN@/rel) and in place of itself (below @RUN@/bin). Linux only: the broker reads arguments, directory and
# environment from /proc. A request is one line `PID VERB [NUMBER]` in the FIFO @RUN@/requests:
#   s  a shell call       m  a call of make       p  a parse       r  ready for the next fragment
#   c  pid of the process that runs locally       d  its exit status
# A fragment sets distmake_lost when it could not print on descriptor 1.
# The answers are fragments of shell script in the FIFO @RUN@/reply/PID, one for s, m, p and each r.
# All names of variables begin with distmake_: a variable that came with the environment would be changed in it.

case $0 in
  @RUN@/parse/*)
    for distmake_last; do :; done
    if [ "$distmake_last" = pid ]; then
      echo "$PPID"
      exit 0
    fi
    distmake_verb=p
    ;;
  @RUN@/bin/*)
    distmake_verb=m
    ;;
  *)
    distmake_verb=s
    # At parse time there is no target; $(shell) inside a recipe, from make 4.4 on, has a pipe of its own.
    if [ -z "${DISTMAKE_TARGET-}" ] || { [ -p "/proc/$$/fd/1" ] && ! [ "/proc/$$/fd/1" -ef "/proc/$PPID/fd/1" ]; }; then
      unset DISTMAKE_TARGET
      # What $(shell) writes nobody else would know of; make is done with it when its next recipe line comes.
      : 2>/dev/null >"@RUN@/expanded/$PPID"
      distmake_count=$#
      set -- "$0" "$@"
      while [ "$distmake_count" -ge 0 ]; do
        distmake_rest=$1
        distmake_done=
        while :; do
          case $distmake_rest in
            *@RUN@/sh/*)
              distmake_done=$distmake_done${distmake_rest%%@RUN@/sh/*}/
              distmake_rest=${distmake_rest#*@RUN@/sh/}
              ;;
            *@RUN@/rel/*)
              distmake_done=$distmake_done${distmake_rest%%@RUN@/rel/*}
              distmake_rest=${distmake_rest#*@RUN@/rel/}
              ;;
            *) break ;;
          esac
        done
        shift
        set -- "$@" "$distmake_done$distmake_rest"
        distmake_count=$((distmake_count - 1))
      done
      case ${SHELL-} in
        @RUN@/sh/*) SHELL=${SHELL#@RUN@/sh} ;;
        @RUN@/rel/*) SHELL=${SHELL#@RUN@/rel/} ;;
      esac
      exec "$@"
    fi
    ;;
esac

distmake_gone() {
  echo 'distmake: the run that this command belongs to has ended (@RUN@)' >&2
  exit 2
}

distmake_stuck() {
  echo "distmake: it has not answered for $1 s; this recipe is given up (@RUN@)" >&2
  exit 2
}

distmake_tell() {
  [ -p @RUN@/requests ] || distmake_gone
  echo "$$ $*" >@RUN@/requests
}

# A path that cannot be mistaken: nobody else has this pid.
[ -p "@RUN@/reply/$$" ] || @MKFIFO@ "@RUN@/reply/$$" || distmake_gone
distmake_lost=
distmake_tell "$distmake_verb"
while :; do
  . "@RUN@/reply/$$"
  distmake_tell r
done
