# The first process of a host. Words: the host's directory, a directory of libraries or nothing, how
# they are found ("path" or "package"). Gives the host its own files, says its process id as the
# machine sees it, and lives until its input ends.
set -e
here=$1 libraries=$2 found=$3
# Before there is a /proc of the host's own.
read -r me _ </proc/self/stat
mount -t proc proc /proc
if [ ! -d "$here/etc" ]; then
    cp -a /etc "$here/etc"
    rm -rf "$here"/etc/{corosync,cluster,pacemaker,dlm}
    mkdir -p "$here"/etc/{corosync/uidgid.d,corosync/qnetd,corosync/qdevice/net,cluster,pacemaker,dlm}
    mkdir -p "$here"/lib/{corosync,cluster,pcsd,heartbeat} "$here"/log/{corosync,cluster,pcsd,crmsh}
    install -d -m 750 -o hacluster -g haclient "$here"/lib/pacemaker/{blackbox,cib,cores,pengine}
    install -d -m 770 -o hacluster -g haclient "$here"/log/pacemaker
    cp -R "$here/files/." "$here/"
fi
mount --bind "$here/etc" /etc
mount --bind "$here/lib" /var/lib
mount --bind "$here/log" /var/log
mount -t tmpfs -o mode=755 run /run
mount -t tmpfs -o mode=1777 shm /dev/shm
mkdir -p /run/{lock,resource-agents,cluster,lib} /run/corosync-{qdevice,qnetd}
if [ -n "$libraries" ]; then
    cp -a "$libraries/." /run/lib
    # Others than its maker are to find them.
    chmod 755 /run/lib
    for file in "$libraries"/lib*.so.*; do
        real=/usr/lib/x86_64-linux-gnu/${file##*/}
        if [ "$found" = package ] && [ -e "$real" ]; then
            mount --bind "$(readlink -f "$file")" "$(readlink -f "$real")"
        fi
    done
fi
echo "$me"
# Children that nobody else waits for are this shell's to collect, which it does while it reads.
while read -r _; do :; done
