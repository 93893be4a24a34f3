# container.bash - a container that boots systemd with the installed units
# SPDX-License-Identifier: ISC
# shellcheck shell=bash
#
# The container is a Debian made by debootstrap from the mirror that apt uses
# here; it is kept in the build directory, and copied for each use.  Its network
# is its own, so that ports 143 and 993 are free; so is its control group, so that
# its processor time is its own and several may run side by side.  Needs root.
#
# For bats, and for tests/bench/systemd-cost.

# What imapd needs, and the listener of imapd-listen.service.
CONTAINER_PACKAGES=systemd,systemd-sysv,dbus,libsqlite3-0,libbsd0,libcrypt1,libgnutls30,libutf8proc2,ucspi-tcp-ipv6
CONTAINER_BOOT_TIMEOUT=120

# Sets MIRROR and SUITE from what apt uses for this release.
container_mirror() {
	SUITE=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	# shellcheck disable=SC2016 # apt's own syntax
	MIRROR=$(apt-get indextargets --format '$(REPO_URI)' \
	    'Created-By: Packages' "Codename: $SUITE" 'Component: main' |
	    head -n 1)
	[[ -n $SUITE && -n $MIRROR ]]
}

# container_base DIR: the Debian, unless it is there.  Prints why there is none.
container_base() {
	local base=$1 proxy

	[[ "$(cat "$base.packages" 2>/dev/null)" != "$CONTAINER_PACKAGES" ||
	    ! -e $base/etc/debian_version ]] || return 0
	container_mirror || { echo 'apt knows no mirror'; return; }
	rm -rf "$base.new" "$base"
	mkdir -p "${base%/*}"
	proxy=$(apt-config dump --format '%v%n' Acquire::http::Proxy)
	[[ -z $proxy ]] || export http_proxy=$proxy
	timeout 600 debootstrap --variant=minbase \
	    --include="$CONTAINER_PACKAGES" "$SUITE" "$base.new" "$MIRROR" \
	    </dev/null >"$base.log" 2>&1 ||
		{ echo "debootstrap failed: $(tail -n 1 "$base.log")"; return; }
	rm -rf "$base.new"/var/cache/apt/archives/*.deb \
	    "$base.new"/var/lib/apt/lists/* "$base.new/usr/share/locale"
	mv "$base.new" "$base"
	echo "$CONTAINER_PACKAGES" >"$base.packages"
}

# Says on the console that the sockets listen: what container_boot waits for.
container_announce() {
	mkdir -p "$1/etc/systemd/system/multi-user.target.wants"
	cat >"$1/etc/systemd/system/announce.service" <<-'END'
		[Unit]
		After=sockets.target basic.target dbus.service
		[Service]
		Type=oneshot
		RemainAfterExit=yes
		StandardOutput=tty
		TTYPath=/dev/console
		ExecStart=/bin/echo container-is-up
	END
	ln -s ../announce.service \
	    "$1/etc/systemd/system/multi-user.target.wants/announce.service"
}

# container_make BUILD ROOT: a container in ROOT with what BUILD installs.  Prints
# why there is none; fails when "make install" does.
container_make() {
	local build=$1 root=$2 base=$1/tests/container tool why

	((EUID == 0)) || { echo 'only root can start a container'; return; }
	for tool in systemd-nspawn debootstrap nsenter; do
		command -v "$tool" >/dev/null || { echo "no $tool"; return; }
	done
	why=$(container_base "$base")
	[[ -z $why ]] || { echo "$why"; return; }
	cp -a --reflink=auto "$base" "$root"
	make -s -C "$build" install DESTDIR="$root" >&2 || return
	container_announce "$root"
}

# The directory of a control group below ours: sets CONTAINER_CGROUP, to nothing
# where there can be none.
container_cgroup() {
	local top own

	CONTAINER_CGROUP=
	top=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)
	own=$(sed -n 's/^0:://p' /proc/self/cgroup)
	[[ -n $top && -n $own ]] || return 0
	own=$top${own%/}/msgstore-test-$$
	! mkdir "$own" 2>/dev/null || CONTAINER_CGROUP=$own
}

# container_boot ROOT CONSOLE [COMMAND ...]: starts it, by the command (chrt) when
# there is one.  What it says goes to CONSOLE.  Sets NSPAWN, LEADER (its first
# process) and CONTAINER_CGROUP.
container_boot() {
	local root=$1 console=$2 deadline
	shift 2

	deadline=$((SECONDS + CONTAINER_BOOT_TIMEOUT))
	container_cgroup
	(
		[[ -z $CONTAINER_CGROUP ]] ||
			echo "$BASHPID" >"$CONTAINER_CGROUP/cgroup.procs"
		export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
		exec "$@" systemd-nspawn -q -b --register=no --keep-unit \
		    --private-network -D "$root"
	) </dev/null >"$console" 2>&1 3>&- &
	NSPAWN=$!
	until grep -q container-is-up "$console"; do
		kill -0 "$NSPAWN" 2>/dev/null || return
		((SECONDS < deadline)) || return
		sleep 0.1
	done
	LEADER=$(pgrep -P "$NSPAWN" -x systemd)
	export NSPAWN LEADER CONTAINER_CGROUP
}

container_stop() {
	local deadline=$((SECONDS + 30))

	if [[ -n ${NSPAWN:-} ]] && kill -TERM "$NSPAWN" 2>/dev/null; then
		while kill -0 "$NSPAWN" 2>/dev/null; do
			((SECONDS < deadline)) || kill -KILL "$NSPAWN"
			sleep 0.1
		done
	fi
	[[ -z ${CONTAINER_CGROUP:-} ]] ||
		find "$CONTAINER_CGROUP" -depth -type d -exec rmdir {} +
}

# Run a command in the container.
inside() {
	nsenter -t "$LEADER" -m -u -i -n -p -C -r -w -- \
	    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin \
	    LC_ALL=C.UTF-8 "$@"
}

# Run a command of this machine with the container's network.
beside() {
	nsenter -t "$LEADER" -n -- "$@"
}

# Within a container of its own this machine may lack the right to let one have
# a network: even its loopback is down then.
container_has_loopback() {
	local said

	said=$(LC_ALL=C beside bash -c ': >/dev/tcp/127.0.0.1/1' 2>&1) || :
	[[ $said != *'Network is unreachable'* ]]
}
