# First process of a throwaway host in namespaces of its own: hides this machine's /tmp, then runs sshd as the user who logs
# in. End of stdin is the end of the host, and the kernel ends with it whatever still runs there.
# Arguments: folder of the host, its name, the user's uid, gid and name.
set -eu
folder=$1 name=$2 uid=$3 gid=$4 user=$5

mount -t proc proc /proc
hostname "$name"
mount -t tmpfs tmpfs /mnt
mkdir /mnt/host
mount --bind "$folder" /mnt/host
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/sshd /run/host
mount --move /mnt/host /run/host
umount /mnt
mount -t tmpfs -o mode=1777 tmpfs /tmp
cd /

as_user=
if [ "$uid" = 0 ]; then
  # sshd takes a `!` for a locked account, and refuses it.
  echo "$user:*:19000:0:99999:7:::" >/run/shadow
  echo 'sshd:*:19000:0:99999:7:::' >>/run/shadow
  mount --bind /run/shadow /etc/shadow
else
  as_user="setpriv --reuid $uid --regid $gid --init-groups --"
fi

exec 3<&0 </dev/null
$as_user /usr/sbin/sshd -D -f /run/host/sshd_config -E /run/host/log &
cat <&3 >/dev/null &
wait $!
