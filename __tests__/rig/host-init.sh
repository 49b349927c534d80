# The first process of a test host, in its own pid, mount, network, uts and ipc namespaces. Says where it is, waits
# for its network (the address is one line), then serves one-word commands on stdin. End of stdin is the end of the host: the kernel then kills
# whatever runs in it, so that nothing outlives the test run, however that ends.
# Variables come in from the environment: RIG (folder of this host), NAME, TMPFS (directories to cover),
# TMP_OPTIONS (of the file system at /tmp), JAILED (non-empty: no namespaces for logins), CGROUP (directories whose cgroup.procs takes us), SERVER (sshd or dropbear)
# and PORT.
set -eu
for group in $CGROUP; do echo 0 >"$group/cgroup.procs"; done

# /proc is still the machine's: this is the pid that the machine knows us by.
read -r pid _ </proc/self/stat
echo "pid $pid"
read -r ADDRESS ADDRESS6

mount -t proc proc /proc
hostname "$NAME"
ip link set lo up
ip addr add "$ADDRESS/30" dev eth0
ip link set eth0 up
if [ -n "$ADDRESS6" ]; then ip addr add "$ADDRESS6/126" dev eth0 nodad; fi

# The folder of this host usually lies below one of the directories that are about to be covered.
mount -t tmpfs -o mode=755 tmpfs /mnt
mkdir /mnt/rig
mount --bind "$RIG" /mnt/rig
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/sshd /run/rig /run/lock
mount --move /mnt/rig /run/rig
umount /mnt
for file in passwd group shadow; do mount --bind "/run/rig/$file" "/etc/$file"; done
for directory in $TMPFS; do mount -t tmpfs -o mode=755 tmpfs "$directory"; done
mount -t tmpfs -o "mode=1777${TMP_OPTIONS:+,$TMP_OPTIONS}" tmpfs /tmp
for directory in /var/tmp /dev/shm; do
  if [ -d "$directory" ]; then mount -t tmpfs -o mode=1777 tmpfs "$directory"; fi
done
mount -t tmpfs -o mode=755 tmpfs /home
mount -t tmpfs -o mode=700 tmpfs /root
mkdir -m 700 /home/distmake-test
chown distmake-test: /home/distmake-test
if [ "$SERVER" = dropbear ]; then
  # It looks for keys nowhere else.
  for home in /root /home/distmake-test; do
    mkdir -m 700 "$home/.ssh"
    cp /run/rig/authorized_keys "$home/.ssh/authorized_keys"
    chmod 600 "$home/.ssh/authorized_keys"
  done
  chown -R distmake-test: /home/distmake-test
fi
cd /

# The kernel lets nobody make a user namespace from inside a chroot, and without CAP_SYS_ADMIN root gets no other kind.
jail=
if [ -n "$JAILED" ]; then
  mkdir /run/jail
  mount --rbind / /run/jail
  jail='chroot /run/jail setpriv --bounding-set -sys_admin --inh-caps -sys_admin --'
fi

start_server() {
  case $SERVER in
  sshd) $jail /usr/sbin/sshd -f /run/rig/sshd_config -E /run/rig/log ;;
  dropbear) dropbear -E -p "$ADDRESS:$PORT" -r /run/rig/dropbear_key -P /run/rig/pid 2>>/run/rig/log ;;
  esac
}

exec 3<&0 </dev/null
serve() {
  while read -r word <&3; do
    case $word in
    listen) if start_server; then echo listening; else echo failed; fi ;;
    esac
  done
}
echo up
serve &
# Waiting also reaps what lost its parent, as the first process must.
wait $!
