# SPDX-License-Identifier: LGPL-2.1-or-later
# Sourced by tests/run: a Debian of another release, as a tree with what the build and the tests need, and commands that
# run in it. The tree is built once and never changed: commands see it below a tmpfs, in mount and process namespaces of
# their own, so that all they mount, write and start ends with them. The source and the build folder have the same paths
# inside as outside.
# shellcheck shell=bash disable=SC2154  # source, out, BOOTFERRY_TEST_CACHE: of tests/run

# This machine's own mirror of Debian; without one, mmdebstrap has a default.
debian_mirror() {
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' 2> /dev/null | head -n 1
}

# Run by mmdebstrap in the new tree, with tests/packages as its input.
readonly install_in_tree='
    set -e
    . /packages.sh
    printf "127.0.0.1 localhost\n::1 localhost\n" > /etc/hosts
    mapfile -t lines < <(packages_of)
    apt_without_starting_servers "${lines[@]}" ccache
    rm /packages.sh'

# The first list of tests/packages.
packages_to_build() {
    sed -n '/^# What builds/,/^$/p' tests/packages
}

distribution_key() {
    {
        echo "$1 $install_in_tree"
        # What was sid last month is of no interest.
        [[ $1 != sid ]] || date +%Y-%m
        packages_to_build
        cat tests/support/packages.sh
    } | sha256sum | cut -c 1-16
}

# distribution_tree SUITE: prints the path of its tree, built first where it is missing. Needs root.
distribution_tree() {
    local suite=$1 tree mirror dates
    tree=$BOOTFERRY_TEST_CACHE/$suite-$(distribution_key "$suite")
    if [[ ! -d $tree ]]; then
        mirror=$(debian_mirror)
        # A mirror that stands still has release files that have expired, and this machine's apt knows that.
        dates=$(apt-config dump Acquire::Check-Valid-Until)
        rm -rf "$BOOTFERRY_TEST_CACHE/$suite-"* && mkdir -p "$tree.partial" || return
        packages_to_build > "$tree.packages"
        # Through a tar file: apt's configuration knows no quoting for a path as a checkout may have.
        TMPDIR=/var/tmp mmdebstrap --mode=root --variant=minbase --format=tar --include=bash,ca-certificates \
            ${dates:+--aptopt="$dates"} --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
            --customize-hook="cp tests/support/packages.sh \"\$1\"" \
            --customize-hook="chroot \"\$1\" bash -c '$install_in_tree' < '$tree.packages'" \
            "$suite" "$tree.tar" ${mirror:+"$mirror"} >&2 || return
        tar --extract --numeric-owner --xattrs --xattrs-include='*' --exclude='./dev/*' --file="$tree.tar" \
            --directory="$tree.partial" >&2 || return
        rm "$tree.tar" "$tree.packages"
        mv "$tree.partial" "$tree"
    fi
    echo "$tree"
}

# Run by `unshare`, alone with its mounts. $1: scratch, $2: tree, $3: source, $4: a folder to write to, $5: for ccache;
# then the command.
readonly enter_tree='
    set -e
    scratch=$1 tree=$2 source=$3 out=$4 ccache=$5
    shift 5
    mount -t tmpfs -o mode=755 scratch "$scratch"
    mkdir "$scratch/lower" "$scratch/upper" "$scratch/work" "$scratch/root" "$scratch/source" "$scratch/out" "$scratch/ccache"
    mount --bind "$tree" "$scratch/lower" # under a plain name: overlayfs takes : and , for its own
    mount --bind "$source" "$scratch/source"
    mount --bind "$out" "$scratch/out"
    mount --bind "$ccache" "$scratch/ccache"
    root=$scratch/root
    mount -t overlay -o "lowerdir=$scratch/lower,upperdir=$scratch/upper,workdir=$scratch/work" tree "$root"
    mount -t proc proc "$root/proc"
    mount -t sysfs sysfs "$root/sys"
    mount --rbind /dev "$root/dev"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mount -t tmpfs -o mode=1777 tmpfs "$root/var/tmp"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    mkdir -p "$root$source" "$root/run/lock" "$root/run/sshd" "$root/ccache"
    mount --bind "$scratch/source" "$root$source"
    mount -o remount,bind,ro "$root$source"
    mount --bind "$scratch/out" "$root$out"
    mount --bind "$scratch/ccache" "$root/ccache"
    # Not chroot(8), below which the kernel shows other paths of mounts than a program has used.
    cd "$root"
    pivot_root . mnt
    umount --lazy /mnt
    tr -d - < /proc/sys/kernel/random/uuid > /etc/machine-id # mmdebstrap leaves none
    # Not exec: the first process of a process namespace has to wait for all that others leave.
    env -i --chdir="$source" PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
        PYTHONDONTWRITEBYTECODE=1 CCACHE_DIR=/ccache "$@"'

# in_tree TREE [NAME=VALUE...] COMMAND...: below $source, where nothing but $out can be written to.
in_tree() {
    local tree=$1 scratch=$out/scratch ccache
    shift
    ccache=$BOOTFERRY_TEST_CACHE/ccache-$(basename "$tree")
    mkdir -p "$scratch" "${ccache%-*}"
    unshare --mount --pid --fork --kill-child sh -c "$enter_tree" sh "$scratch" "$tree" "$source" "$out" "${ccache%-*}" "$@"
}
