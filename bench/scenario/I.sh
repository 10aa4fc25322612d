#!/bin/bash
# I  forwarding by an alias with one target, cut-through and queued: latency of one client that waits for each 250 (p50), and rate of delivery with 50 sessions.   usage: I.sh sealwax
. "$(dirname "$0")/../lib/common.sh"; mta_load "$1"; DUR=${DUR:-8}
[ "$MTA" = sealwax ] || { echo "only Sealwax has cut-through forwarding" >&2; exit 0; }
forwarding() { # true|false
  mta_setup relay off 0
  sed -i "s/^dmarc = \"off\"/&\ncut_through = $1/" "$D/sealwax.toml"
  printf '\n[trust]\nnetworks = []\n\n[[alias_domain]]\ndomain = "alias.test"\nfile = "%s"\n' "$D/aliases" >> "$D/sealwax.toml"
  for i in $(seq 0 999); do echo "u$i: t$i@sink.test"; done > "$D/aliases"
}
p50() { python3 -c 'import sys
t=sorted(int(l.split()[3])-int(l.split()[2]) for l in open(sys.argv[1])); print(round(t[len(t)//2]/1e6,3))' "$1"; }
for mode in ${MODES:-true false}; do
  sink_start; cg_kill; cg_make; rm -rf "$D"; mkdir -p "$D"; forwarding "$mode"; mta_start || die "start"; mta_up || die "no greeting"; locked
  name=$([ "$mode" = true ] && echo Icut || echo Iqueue)
  load --rcpt 'u%d@alias.test' --duration "${WARM:-3}" --per-conn 50 --run w >/dev/null
  SESSIONS=1 timed --rcpt 'u%d@alias.test' --per-conn 1000 --run l --acks "$BENCH_WORK/run/acks"
  emit "$name" latency_p50 "$(p50 "$BENCH_WORK/run/acks")" ms "load $LOADAVG"
  sleep 1; before=$(sink_get msgs)
  SESSIONS=50 timed --rcpt 'u%d@alias.test' --per-conn 50 --run r; n=$(jget "$J" acked); sink_wait $((before + n)) 60; unlocked
  m=$(($(sink_get msgs) - before)); e=$(calc "($(sink_get last_ns)-$(jget "$J" first_ns))/1e9" 4)
  emit "$name" deliver_rate "$(calc "$m/$e" 2)" msg/s; emit "$name" accept_rate "$(jget "$J" rate)" msg/s; emit "$name" missing $((n - m)) n
  emit "$name" mta_cpu "$(calc "$MCPU/1000/$n")" ms/msg
  sink_stop; mta_end
done
