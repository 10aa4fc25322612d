# shellcheck shell=bash disable=SC2034
# Sourced by every scenario. A scenario is a folder with a script `run`; it starts real
# peers on loopback (or in a network namespace of its own), sends mail, and compares the logs of both ends.
# Everything it starts it also stops; everything it writes is below $WORK.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SCENARIO=$(basename "$(cd "$(dirname "$0")" && pwd)")
WORK=$(mktemp -d "${TMPDIR:-/tmp}/sealwax-$SCENARIO.XXXXXX")
chmod 755 "$WORK"
POSTFIXES=() PIDS=()

# Whether the long form of a scenario was asked for (./check --long, or LONG=1 scenarios/run).
long_form() { [ -n "${LONG:-}" ]; }
say() { printf '   %s\n' "$*"; }
fail() { printf '   FAILED: %s\n' "$*" >&2; exit 1; }
# A scenario whose peer is not installed is skipped with a message on a developer's machine, and fails in CI.
need() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null 2>&1 && continue
    [ -n "${CI:-}" ] && fail "needs $tool, which .ci/run should have installed"
    echo "skipped: needs $tool"; exit 77
  done
}
need_root() {
  [ "$(id -u)" = 0 ] && return 0
  [ -n "${CI:-}" ] && fail "needs root for its peers"
  echo "skipped: needs root for its peers"; exit 77
}

finish() {
  local status=$?
  trap - EXIT
  set +e
  local p i
  for p in ${POSTFIXES[@]+"${POSTFIXES[@]}"}; do timeout 10 postfix -c "$p/etc" stop >/dev/null 2>&1 || postfix_kill "$p" 2>/dev/null; done
  for p in ${PIDS[@]+"${PIDS[@]}"}; do kill "$p" 2>/dev/null || true; done
  for i in $(seq 50); do
    local alive=0
    for p in ${PIDS[@]+"${PIDS[@]}"}; do kill -0 "$p" 2>/dev/null && alive=1; done
    [ $alive = 0 ] && break
    sleep 0.1
  done
  for p in ${PIDS[@]+"${PIDS[@]}"}; do kill -9 "$p" 2>/dev/null || true; done
  if [ $status != 0 ] && [ $status != 77 ]; then
    local log
    for log in "$WORK"/*/sealwax.log "$WORK"/*/log/mail.log "$WORK"/*.out; do
      [ -s "$log" ] && { echo "--- ${log#"$WORK"/} (last lines)"; tail -n 25 "$log"; }
    done
  fi
  [ -n "${KEEP:-}" ] && [ $status != 77 ] && echo "   kept: $WORK" || rm -rf "$WORK"
  exit $status
}
trap finish EXIT
trap 'exit 130' INT TERM

# await SECONDS WHAT COMMAND...: until the command succeeds; three times as long where the machine is slow, so that
# the log is shown before the time limit of the scenario.
await() {
  local seconds=$1 what=$2 end=$((SECONDS + 3 * $1)) slept=0 pause=05
  shift 2
  # Often at first: most waits are short. Each check starts a process or two.
  while [ "$slept" -le $((seconds * 100)) ] && [ $SECONDS -le "$end" ]; do
    "$@" >/dev/null 2>&1 && return 0
    [ $? != $GONE ] || fail "waited for $what, and the process has ended"
    sleep 0.$pause
    slept=$((slept + 10#$pause))
    [ "$slept" -lt 100 ] || pause=20
  done
  fail "waited ${seconds} s for $what"
}
GONE=99 # status of a condition of await that can no longer be met
port_open() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }
hop() { echo "[${1%:*}]:${1##*:}"; } # a next hop: an address needs brackets
free_port() { python3 -c 'import socket,sys; s=socket.socket(); s.bind((sys.argv[1],0)); print(s.getsockname()[1])' "${1:-127.0.0.1}"; }
has() { grep -qE -- "$2" "$1" 2>/dev/null; }
expect() { has "$1" "$2" || fail "no line of $(basename "$1") matches: $2"; }
expect_not() { if has "$1" "$2"; then fail "a line of $(basename "$1") matches: $2: $(grep -E -m1 -- "$2" "$1")"; fi; }

# --- certificates: one CA of the test, leaves signed by it -------------------------------------------------
make_ca() { # NAME
  mkdir -p "$WORK/ca"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORK/ca/$1.key" -out "$WORK/ca/$1.pem" \
    -days 30 -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}
make_leaf() { # CA NAME HOST [EKU]
  local ca=$1 name=$2 host=$3 eku=${4:-serverAuth,clientAuth}
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$WORK/ca/$name.key" -out "$WORK/ca/$name.csr" -subj "/CN=$host" 2>/dev/null
  printf 'subjectAltName=DNS:%s\nextendedKeyUsage=%s\nkeyUsage=critical,digitalSignature\nbasicConstraints=CA:FALSE\n' "$host" "$eku" > "$WORK/ca/$name.ext"
  openssl x509 -req -in "$WORK/ca/$name.csr" -CA "$WORK/ca/$ca.pem" -CAkey "$WORK/ca/$ca.key" -CAcreateserial -days 30 \
    -extfile "$WORK/ca/$name.ext" -out "$WORK/ca/$name.crt" 2>/dev/null
  cat "$WORK/ca/$name.crt" "$WORK/ca/$ca.pem" > "$WORK/ca/$name.pem"
  chmod 644 "$WORK/ca/$name.key"
}

# --- Sealwax ------------------------------------------------------------------------------------------------
sealwax_start() { # DIR: reads DIR/sealwax.toml, logs to DIR/sealwax.log; sets SEALWAX_PID
  local dir=$1
  "$ROOT/sealwax" serve --config "$dir/sealwax.toml" >>"$dir/sealwax.log" 2>&1 &
  SEALWAX_PID=$!
  PIDS+=("$SEALWAX_PID")
  await 30 "sealwax to listen" sealwax_ready "$dir" "$SEALWAX_PID"
}
sealwax_ready() {
  kill -0 "$2" 2>/dev/null || return $GONE # finish shows its log
  local address
  for address in $(sed -nE 's/^address *= *"([0-9.]+:[0-9]+)".*/\1/p' "$1/sealwax.toml"); do
    port_open "${address%:*}" "${address##*:}" || return 1
  done
}

# --- Postfix: a private instance of the distribution's package ------------------------------------------------
# postfix_make DIR ADDRESS:PORT: writes DIR/etc; the scenario may append to DIR/etc/main.cf before postfix_start.
# It delivers every recipient of sink.test to DIR/mail/inbox/ (a Maildir).
postfix_make() {
  local dir=$1 listen=$2
  mkdir -p "$dir/etc" "$dir/queue/pid" "$dir/data" "$dir/log" "$dir/mail"
  chown postfix "$dir/data"; chown nobody "$dir/mail"; chmod 755 "$dir" "$dir/queue"
  cat > "$dir/etc/main.cf" <<CF
compatibility_level = 3.6
queue_directory = $dir/queue
data_directory = $dir/data
config_directory = $dir/etc
maillog_file = $dir/log/mail.log
maillog_file_prefixes = $WORK
myhostname = mx.peer.test
mydestination =
local_recipient_maps =
local_transport = error:no local mail
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
inet_interfaces = all
inet_protocols = ipv4
smtpd_peername_lookup = no
message_size_limit = 104857600
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
virtual_mailbox_domains = sink.test
virtual_mailbox_base = $dir/mail
virtual_mailbox_maps = static:inbox/
virtual_uid_maps = static:$(id -u nobody)
virtual_gid_maps = static:$(id -g nobody)
biff = no
smtp_destination_concurrency_failed_cohort_limit = 0
CF
  cat > "$dir/etc/master.cf" <<CF
$listen inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
CF
}
# postlogd sends its own first line to the socket that it reads. Where the kernel keeps ten lines for it (its default)
# and the other programs were faster, it waits for itself forever, and every program that logs waits for it: then this
# Postfix is killed and started again. A namespace of the scenario's own gets a longer queue.
postfix_start() { # DIR ADDRESS:PORT
  local dir=$1 address=$2 round
  [ -z "${INSIDE:-${LAB_INSIDE:-}}" ] || echo 512 > /proc/sys/net/unix/max_dgram_qlen
  POSTFIXES+=("$dir")
  for round in 1 2 3; do
    postfix -c "$dir/etc" start >"$dir/start.out" 2>&1 || { cat "$dir/start.out" >&2; fail "postfix does not start"; }
    await 15 "postfix on $address" port_open "${address%:*}" "${address##*:}"
    (await 10 "its log" has "$dir/log/mail.log" 'postfix/master.*daemon started') >/dev/null 2>&1 && return 0
    postfix_kill "$dir"
  done
  fail "postfix does not log ($round rounds)"
}
postfix_kill() { pkill -9 -s "$(tr -d ' ' < "$1/queue/pid/master.pid")" || true; } # DIR
# The settings of shared example's working admin (2014), as they were.
postfix_example_tls() { # DIR CERT-NAME CA
  cat >> "$1/etc/main.cf" <<CF
smtpd_tls_cert_file = $WORK/ca/$2.pem
smtpd_tls_key_file = $WORK/ca/$2.key
smtp_tls_cert_file = $WORK/ca/$2.pem
smtp_tls_key_file = $WORK/ca/$2.key
smtpd_tls_security_level = may
smtp_tls_security_level = may
smtpd_tls_ask_ccert = yes
smtpd_tls_received_header = yes
smtpd_tls_loglevel = 1
smtp_tls_loglevel = 1
smtpd_tls_mandatory_protocols = !SSLv2, !SSLv3
smtp_tls_protocols = !SSLv2, !SSLv3
smtpd_tls_CAfile = $WORK/ca/$3.pem
smtp_tls_CAfile = $WORK/ca/$3.pem
CF
}
inbox() { find "$1/mail/inbox/new" -type f 2>/dev/null; }
inbox_count() { inbox "$1" | wc -l; }
inbox_has() { [ "$(inbox_count "$1")" -ge "$2" ]; }
