package org.sealwax.mail.dns.update;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.TlsaRecord;
import org.sealwax.mail.dns.live.AuthoritativeLookup;
import org.sealwax.mail.dns.live.CachingResolver;
import org.sealwax.mail.dns.update.ZoneRecord.RecordType;
import org.sealwax.mail.dns.update.ZoneUpdate.Change;
import org.sealwax.mail.dns.update.ZoneUpdate.Condition;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.testkit.net.FreePort;

/** Updates of real name servers: BIND and Knot. */
final class NameServersTest {
  private static final String KEY_LINE =
      "hmac-sha256:k.example:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
  private static final String SECRET = KEY_LINE.substring(KEY_LINE.lastIndexOf(':') + 1);
  private static final TsigKey KEY = TsigKey.parse(KEY_LINE);
  private static final Domain ZONE = Domain.of("example.org");
  private static final Domain OWNER = Domain.of("_25._tcp.mx.example.org");
  private static final Duration TTL = Duration.ofSeconds(2);
  private static final ZoneRecord OLD = record("aa");
  private static final ZoneRecord NEW = record("bb");
  private static final String ZONE_FILE =
      """
      $ORIGIN example.org.
      $TTL 2
      @ SOA ns hostmaster 7 3600 600 86400 1
      @ NS ns
      ns A 127.0.0.1
      mx A 127.0.0.1
      _25._tcp.mx TLSA %s
      _25._tcp.alias CNAME _25._tcp.mx
      hostile TXT "\\027[2J \\"a\\" \\\\ ; x" "" "y"
      hostile TXT plain
      hostile MX 10 mx
      hostile CAA 0 issue "ca.example; a=\\"b\\""
      """
          .formatted(OLD.data());

  private static ZoneRecord record(String octet) {
    return ZoneRecord.tlsa(OWNER, TTL, new TlsaRecord(3, 1, 1, octet.repeat(32)));
  }

  @Test
  void bindAppliesUpdates(@TempDir Path folder) throws Exception {
    Path named = Path.of("/usr/sbin/named");
    assumeTrue(Files.isExecutable(named), "bind9 is not installed");
    int port = FreePort.pick();
    Files.writeString(
        folder.resolve("conf"),
        """
        options { directory "%1$s"; pid-file none; session-keyfile none; listen-on port %2$d { 127.0.0.1; };
          listen-on-v6 { none; }; recursion no; dnssec-validation no; notify no; };
        controls { };
        key "k.example" { algorithm hmac-sha256; secret "%3$s"; };
        key "weak.example" { algorithm hmac-sha256; secret "%3$s"; };
        zone "example.org" { type primary; file "zone"; allow-update { key k.example; }; };
        """
            .formatted(folder, port, SECRET));
    updates(
        folder, port, named.toString(), "-g", "-n", "1", "-c", folder.resolve("conf").toString());
  }

  @Test
  void knotAppliesUpdates(@TempDir Path folder) throws Exception {
    Path knotd = Path.of("/usr/sbin/knotd");
    assumeTrue(Files.isExecutable(knotd), "knot is not installed");
    int port = FreePort.pick();
    Files.writeString(
        folder.resolve("conf"),
        """
        server:
            rundir: %1$s
            listen: 127.0.0.1@%2$d
        database:
            storage: %1$s
        key:
          - id: k.example
            algorithm: hmac-sha256
            secret: %3$s
          - id: weak.example
            algorithm: hmac-sha256
            secret: %3$s
        acl:
          - id: update
            key: k.example
            action: update
        template:
          - id: default
            storage: %1$s
        zone:
          - domain: example.org
            file: zone
            acl: update
        """
            .formatted(folder, port, SECRET));
    updates(folder, port, knotd.toString(), "-c", folder.resolve("conf").toString());
  }

  private static void updates(Path folder, int port, String... command) throws Exception {
    Files.writeString(folder.resolve("zone"), ZONE_FILE);
    Process server =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    try {
      awaitSerial(port);
      appliesUnderConditions(port);
      refusals(port);
      whatWasSeenIsACondition(port);
    } catch (AssertionError e) {
      throw new AssertionError(Files.readString(folder.resolve("log")), e);
    } finally {
      server.destroy();
      assertTrue(server.waitFor(60, TimeUnit.SECONDS), command[0] + " did not end");
    }
  }

  private static void awaitSerial(int port) throws IOException {
    for (int i = 0; ; i++) {
      try {
        assertEquals(7, client(port, KEY, Clock.system()).serial(ZONE));
        return;
      } catch (IOException e) {
        if (i == 400) {
          throw new AssertionError("the name server does not answer", e);
        }
        java.util.concurrent.locks.LockSupport.parkNanos(25_000_000);
      }
    }
  }

  private static void appliesUnderConditions(int port) throws IOException {
    UpdateClient client = client(port, KEY, Clock.system());
    // First the condition of another state, then the right one.
    ZoneUpdate wrong =
        new ZoneUpdate(
            ZONE, List.of(new Condition.ExactRecords(List.of(NEW))), List.of(new Change.Add(NEW)));
    assertInstanceOf(UpdateResult.ConditionFailed.class, client.send(wrong));
    assertEquals(List.of("aa"), published(port));
    ZoneUpdate add =
        new ZoneUpdate(
            ZONE, List.of(new Condition.ExactRecords(List.of(OLD))), List.of(new Change.Add(NEW)));
    assertEquals(new UpdateResult.Applied(), client.send(add));
    assertEquals(List.of("aa", "bb"), published(port));
    assertInstanceOf(UpdateResult.ConditionFailed.class, client.send(add), "applied twice");
    ZoneUpdate remove =
        new ZoneUpdate(
            ZONE,
            List.of(new Condition.ExactRecords(List.of(NEW, OLD))),
            List.of(new Change.Remove(OLD)));
    assertEquals(new UpdateResult.Applied(), client.send(remove));
    assertEquals(List.of("bb"), published(port));
    assertTrue(client.serial(ZONE) > 7);
    // A name that has an alias: the server would drop the addition and report success.
    Domain alias = Domain.of("_25._tcp.alias.example.org");
    ZoneRecord there = new ZoneRecord(alias, RecordType.TLSA, TTL, NEW.data());
    assertInstanceOf(
        UpdateResult.ConditionFailed.class,
        client.send(new ZoneUpdate(ZONE, List.of(), List.of(new Change.Add(there)))));
    Domain challenge = Domain.of("_acme-challenge.mx.example.org");
    ZoneRecord text = ZoneRecord.txt(challenge, TTL, "long; \"quoted\" " + "x".repeat(300));
    Condition none = new Condition.NoRecords(challenge, RecordType.TXT);
    ZoneUpdate first = new ZoneUpdate(ZONE, List.of(none), List.of(new Change.Add(text)));
    assertEquals(new UpdateResult.Applied(), client.send(first));
    assertEquals(
        List.of("long; \"quoted\" " + "x".repeat(300)), resolver(port).txt(challenge).records());
    assertInstanceOf(UpdateResult.ConditionFailed.class, client.send(first));
  }

  /** Records are read so exactly that the server finds them again, whatever is in them. */
  private static void whatWasSeenIsACondition(int port) {
    InetSocketAddress server = new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port);
    AuthoritativeLookup lookup =
        new AuthoritativeLookup(
            DnsSettings.defaults().withResolvers(List.of(server)),
            Clock.system(),
            RandomSource.secure(),
            _ -> true,
            port);
    Domain owner = Domain.of("hostile.example.org");
    for (RecordType type : List.of(RecordType.TXT, RecordType.MX, RecordType.CAA)) {
      List<ZoneRecord> seen = lookup.records(server, owner, type).records();
      assertEquals(type == RecordType.TXT ? 2 : 1, seen.size(), seen.toString());
      ZoneUpdate removal =
          new ZoneUpdate(
              ZONE,
              List.of(new Condition.ExactRecords(seen)),
              List.of(new Change.Remove(seen.getFirst())));
      assertEquals(new UpdateResult.Applied(), client(port, KEY, Clock.system()).send(removal));
      assertEquals(seen.size() - 1, lookup.records(server, owner, type).records().size());
    }
    DnsAnswer<ZoneRecord> alias =
        lookup.records(server, Domain.of("_25._tcp.alias.example.org"), RecordType.TLSA);
    assertEquals(DnsAnswer.Kind.UNKNOWN, alias.kind());
    assertEquals(1, alias.aliases());
    Domain none = Domain.of("none.example.org");
    assertEquals(DnsAnswer.Kind.NO_NAME, lookup.records(server, none, RecordType.TXT).kind());
    Domain other = Domain.of("example.com");
    assertEquals(
        DnsAnswer.Kind.UNKNOWN,
        lookup.records(server, other, RecordType.MX).kind(),
        "not its zone");
  }

  private static void refusals(int port) {
    ZoneUpdate add = new ZoneUpdate(ZONE, List.of(), List.of(new Change.Add(OLD)));
    TsigKey unknown = TsigKey.parse(KEY_LINE.replace("k.example", "other.example"));
    reason(
        UpdateResult.Unproven.class,
        "does not know the key",
        client(port, unknown, Clock.system()).send(add));
    TsigKey secret = TsigKey.parse(KEY_LINE.replace("AAEC", "AAED"));
    reason(
        UpdateResult.Unproven.class,
        "another secret",
        client(port, secret, Clock.system()).send(add));
    TsigKey denied = TsigKey.parse(KEY_LINE.replace("k.example", "weak.example"));
    // BIND refuses; Knot states that it does not know a key that no rule names.
    UpdateResult policy = client(port, denied, Clock.system()).send(add);
    assertTrue(policy.toString().matches(".*(policy|does not know).*"), policy.toString());
    reason(
        UpdateResult.Unproven.class,
        "the clocks differ",
        client(port, KEY, hoursAhead()).send(add));
    ZoneUpdate elsewhere =
        new ZoneUpdate(
            Domain.of("example.net"),
            List.of(),
            List.of(new Change.Add(ZoneRecord.txt(Domain.of("example.net"), TTL, "x"))));
    UpdateResult other = client(port, KEY, Clock.system()).send(elsewhere);
    assertTrue(other.toString().contains("not authoritative"), other.toString());
    assertThrows(
        IOException.class,
        () -> client(port, KEY, Clock.system()).serial(Domain.of("example.net")));
    assertEquals(List.of("bb"), published(port));
  }

  private static void reason(
      Class<? extends UpdateResult> kind, String words, UpdateResult result) {
    assertInstanceOf(kind, result);
    assertTrue(result.toString().contains(words), result.toString());
  }

  private static Clock hoursAhead() {
    Clock system = Clock.system();
    return new Clock() {
      @Override
      public Instant now() {
        return system.now();
      }

      @Override
      public long nanoTime() {
        return system.nanoTime();
      }

      @Override
      public Instant civilTime() {
        return system.now().plus(Duration.ofHours(2));
      }
    };
  }

  private static UpdateClient client(int port, TsigKey key, Clock clock) {
    return new UpdateClient(
        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port),
        key,
        Duration.ofSeconds(20),
        clock,
        RandomSource.secure());
  }

  private static CachingResolver resolver(int port) {
    return new CachingResolver(
        DnsSettings.defaults()
            .withResolvers(List.of(new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port)))
            .withValidation(DnsSettings.Validation.OFF),
        Clock.system(),
        RandomSource.secure());
  }

  /** The first byte of each TLSA record. */
  private static List<String> published(int port) {
    DnsAnswer<TlsaRecord> answer = resolver(port).tlsa(OWNER);
    return answer.records().stream().map(r -> r.data().substring(0, 2)).sorted().toList();
  }
}
