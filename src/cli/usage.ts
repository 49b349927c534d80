/** What the command understands. */
export const USAGE = `usage: distmake [-c HOSTFILE] [options] [make arguments]
       distmake [-c HOSTFILE] [options] -- COMMAND [arguments]

  -c FILE              the host matrix (default: DMAKE_RCFILE, D1MAKE_HOSTS, ~/.dmakerc, ~/.makehosts)
  --hosts-format WORD  makehosts, dmakerc, d1make, dpb or yaml (default: as the matrix looks)
  -g GROUP             the group of hosts to use (default: DMAKE_GROUP, the first one)
  -x NAME=VALUE        a setting of dmake's, DMAKE_OUTPUT_MODE say (may be given again)
  --hosts              print the hosts that would be used, and build nothing
  --root DIR           what is staged (default: the enclosing git work tree, else here)
  --make PROGRAM       the make to run (default: make)
  --dist PATTERN       targets that may leave, besides .DIST; "auto" or "makefile" alone (may be given again)
  --local PATTERN      targets that must stay (may be given again)
  --local-jobs N       distributable jobs taken here when the hosts are full (default: number of processors)
  --load WORD          how a host's load counts: auto, jobs, reported, m1 or m2
  --toolchain COMMAND  hosts on which it prints something else than here are left out; "off": none is
                       (may be given again; default: cc --version and uname -m)
  --known-hosts WORD   accept-new: take the keys of hosts that were never seen
  --fallback WORD      local, or never: no distributable recipe runs here
  --host-timeout TIME  how long a host may say nothing before its jobs go elsewhere (default: 15s)
  --job-timeout TIME   how long one distributable job may take before it is killed and run once more elsewhere
  --no-retry PATTERN   targets whose recipes never run twice once they may have begun (may be given again)
  --stale-after TIME   how old what a killed run left must be before it is removed (default: 24h)
  --environment NAME   a further variable that travels (may be given again)
  --setup LINES        for sh, evaluated once per lane on the hosts
  --staging WORD       tree, declared (a job sees its declared prerequisites alone) or none (shared file system)
  --exclude PATTERN    what is not staged, as in a .gitignore (may be given again)
  --bulk DIR           the targets are items of a bulk build, whose state is kept in DIR: failed ones are not tried again,
                       a run that was killed goes on where it was (docs/bulk.md)
  --log WORD           fold, failures or plain
  --watch              hosts, slots and what runs where, live on the terminal; what fails or warns is printed above
  --report DIR         events, trace and a page with the timeline are written there (docs/report.md)
  --problem-matcher F  a problem matcher in GitHub's JSON, for annotations in a workflow (may be given again)
  -dD                  say what is done where, and why, with times
  --check              try every host, print what is found in a table, and build nothing
  --clean              remove what runs that are gone have left here and on all hosts (of -g, if given), whatever its age
                       unless --stale-after says otherwise, print what was found, and build nothing
  --help, --version    ours, and make's

The first argument that is none of these, and all behind it, go to make (-dD may stand among them). Behind -- stands a command that calls make
somewhere below (cmake --build, a build script): every make in it is distributed.`;
