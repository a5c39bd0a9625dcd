# Empty stand-ins for what the lock manager's daemon looks for in its kernel, for the words that
# follow: directories of configfs, and device nodes that nothing answers at.
set -e
mount -t tmpfs sys /sys/kernel
mkdir -p /sys/kernel/dlm /sys/kernel/config/dlm/cluster/{comms,spaces} /run/dev
mount -t tmpfs dev /run/dev
cp -a /dev/{null,zero,random,urandom} /run/dev
mkdir /run/dev/{misc,shm}
mount --bind /dev/shm /run/dev/shm
n=61
for name in dlm-control dlm-monitor dlm_plock; do
    mknod "/run/dev/misc/$name" c 10 "$n"
    echo " $n $name" >>/run/misc
    n=$((n + 1))
done
mount --bind /run/misc /proc/misc
mount --move /run/dev /dev
exec "$@"
