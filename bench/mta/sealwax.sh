# Sealwax from this tree (./sealwax, built and with its AOT cache, as a user would run it).
SX=$(cd "$KIT/.." && pwd)/sealwax
mta_version() { "$SX" --version; }
mta_setup() { # MODE TLS RESUME
  local mode=$1 tls=$2 resume=$3 k=$2; [ "$k" = off ] && k=ec
  mkdir -p "$D"
  cat > "$D/sealwax.toml" <<T
[server]
hostname = "mx.mta.test"
state = "$D/state"
postmaster = "postmaster@sink.test"

[[listener]]
address = "$MTA_ADDR"
tls = "$([ "$tls" = off ] && echo none || echo starttls)"
$([ "$tls" = off ] || { [ "$resume" = 1 ] && echo 'resumption = true' || echo 'resumption = false'; })

[identity]
certificate = "$TLSD/mta-$k.crt"
key = "$TLSD/mta-$k.key"

[roots]
files = ["$TLSD/ca.pem"]

[inbound]
dmarc = "off"

[limits]
sessions = 2000
sessions_per_client = 2000
connections_per_minute = 1000000
messages_per_minute = 1000000
recipients_per_minute = 1000000
handshakes_per_minute = 1000000
message_size = "100MB"

[[transport]]
domain = "*"
next_hop = "[$SINK_IP]:$SINK_PORT"

[deliver]
resumption = $([ "$resume" = 1 ] && echo true || echo false)
$([ "$tls" = off ] || echo 'messages_per_connection = 1')
T
  # BENCH_DKIM=1: each message is signed by RSA-2048 and Ed25519.
  if [ -n "${BENCH_DKIM:-}" ]; then
    (umask 077
     openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$D/rsa.pem"
     openssl genpkey -quiet -algorithm Ed25519 -out "$D/ed.pem")
    printf '[[dkim]]\ndomain = "src.test"\nselector = "%s"\nkey = "%s"\n' rsa "$D/rsa.pem" ed "$D/ed.pem" >> "$D/sealwax.toml"
    printf '[[sender]]\nnetworks = ["127.0.0.0/8"]\ndomains = ["src.test"]\n' >> "$D/sealwax.toml"
  fi
  # "accept": take and keep. The next hop is dead, and the queue remembers that.
  [ "$mode" = accept ] && sed -i 's/^next_hop = .*/next_hop = "[127.0.0.1]:1"/' "$D/sealwax.toml"
  return 0
}
mta_start() { ( cg_run "$SX" serve --config "$D/sealwax.toml" >>"$D/start.log" 2>&1 </dev/null ) & mta_up; }
mta_restart() { mta_start; }
mta_qlen() { "$SX" queue count --config "$D/sealwax.toml" 2>/dev/null || echo 0; }
mta_flush() { "$SX" queue retry --all --config "$D/sealwax.toml" >/dev/null 2>&1 || true; }
