package org.sealwax.mail.dns.live;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dns.DnsAnswer;
import org.sealwax.mail.dns.DnsSettings;
import org.sealwax.mail.dns.DnssecStatus;
import org.sealwax.mail.dns.Resolver;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.testkit.net.FreePort;
import org.sealwax.testkit.zone.LoopbackResolver;
import org.sealwax.testkit.zone.Zone;
import org.sealwax.testkit.zone.ZoneSigning;

/** The same questions to our validator and to Unbound, over the same zones: the same verdicts. */
@Tag("slow")
final class UnboundAgreesTest {
  private static final String DATA =
      """
      @        MX 10 mx1
      @        TXT "v=one"
      mx1      A 192.0.2.1
      _25._tcp.mx1 TLSA 3 1 1 AB00000000000000000000000000000000000000000000000000000000000000
      alias    CNAME mx1
      toplain  CNAME mx1.plain.example.
      tosecure CNAME mx1.secure.org.
      tobogus  CNAME mx1.expired.example.
      tonone   CNAME none.secure.org.
      *.wild   A 192.0.2.9
      *.wildmx MX 10 mx1
      old      DNAME new
      host.new A 192.0.2.7
      deep.ent A 192.0.2.3
      """;

  private static final List<String> HOSTS =
      List.of(
          "mx1",
          "alias",
          "toplain",
          "tosecure",
          "tobogus",
          "tonone",
          "x.wild",
          "y.x.wild",
          "x.wildmx",
          "ent",
          "host.old",
          "none.old",
          "none");

  @Test
  void givesTheVerdictsThatUnboundGives(@TempDir Path folder)
      throws IOException, InterruptedException {
    Path unbound = Path.of("/usr/sbin/unbound");
    assumeTrue(Files.isExecutable(unbound), "unbound is not installed");
    Clock clock = Clock.system();
    List<Zone> zones = new ArrayList<>();
    zones.add(Zone.of("org", "").signed());
    zones.add(Zone.of("secure.org", DATA).signed());
    zones.add(Zone.of("plain.example", DATA));
    zones.add(Zone.of("sub.plain.example", DATA).signed());
    zones.add(Zone.of("u.nsec3.example", DATA));
    zones.add(Zone.of("s.nsec3optout.example", DATA).signed());
    zones.add(Zone.of("u.nsec3optout.example", DATA));
    zones.add(Zone.of("u.ent.nsec3optout.example", DATA));
    for (ZoneSigning signing : ZoneSigning.values()) {
      String name = signing.name().toLowerCase(java.util.Locale.ROOT).replace("_", "");
      zones.add(Zone.of(name + ".example", DATA).signed(signing));
    }
    try (LoopbackResolver server = LoopbackResolver.start(clock, zones.toArray(new Zone[0]))) {
      int port = FreePort.pick();
      Path config = folder.resolve("unbound.conf");
      Files.writeString(
          config,
          """
          server:
            interface: 127.53.12.62@%d
            do-daemonize: no
            use-syslog: no
            username: ""
            chroot: ""
            directory: "%s"
            pidfile: ""
            do-not-query-localhost: no
            module-config: "validator iterator"
            trust-anchor: "%s"
            ede: yes
            num-threads: 1
            msg-cache-size: 1m
            rrset-cache-size: 1m
          remote-control:
            control-enable: no
          forward-zone:
            name: "."
            forward-addr: 127.0.0.1@%d
          """
              .formatted(
                  port,
                  folder,
                  server.anchors().getFirst().replace('\t', ' '),
                  server.address().getPort()));
      Process process =
          new ProcessBuilder(unbound.toString(), "-d", "-c", config.toString())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("log").toFile())
              .start();
      try {
        DnsSettings settings =
            DnsSettings.defaults()
                .withAnchors(server.anchors())
                .withTimeout(Duration.ofSeconds(2))
                .withTotal(Duration.ofSeconds(8));
        Resolver resolver =
            new CachingResolver(
                settings.withResolvers(List.of(server.address())), clock, RandomSource.secure());
        InetSocketAddress there =
            new InetSocketAddress(InetAddress.ofLiteral("127.53.12.62"), port);
        Resolver theirs =
            new CachingResolver(
                settings
                    .withResolvers(List.of(there))
                    .withValidation(DnsSettings.Validation.TRUST_AD),
                clock,
                RandomSource.secure());
        awaitUnbound(there, settings, clock);
        Map<String, String> ourVerdicts = verdicts(resolver, zones);
        Map<String, String> theirVerdicts = verdicts(theirs, zones);
        assertTrue(ourVerdicts.size() > 300, "asked " + ourVerdicts.size());
        List<String> different = new ArrayList<>();
        ourVerdicts.forEach(
            (question, verdict) -> {
              String other = theirVerdicts.getOrDefault(question, "");
              // RFC 9276 §3.2: of a denial with so many iterations a validator may say insecure, as
              // Unbound always does, or fail, as we do for aliases and wildcards.
              boolean either =
                  question.contains("nsec3iterated")
                      && verdict.startsWith("UNKNOWN BOGUS")
                      && other.contains("INSECURE");
              if (!verdict.equals(other) && !either) {
                different.add(question + ": we say " + verdict + ", unbound " + other);
              }
            });
        assertEquals(List.of(), different);
      } finally {
        process.destroy();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS), "unbound did not end");
      }
    }
  }

  private static void awaitUnbound(InetSocketAddress there, DnsSettings settings, Clock clock) {
    for (int i = 0; i < 100; i++) {
      Resolver fresh =
          new CachingResolver(
              settings
                  .withResolvers(List.of(there))
                  .withTimeout(Duration.ofMillis(100))
                  .withTotal(Duration.ofMillis(300))
                  .withValidation(DnsSettings.Validation.TRUST_AD),
              clock,
              RandomSource.secure());
      if (fresh.mx(Domain.of("secure.org")).security() == DnssecStatus.SECURE) {
        return;
      }
      java.util.concurrent.locks.LockSupport.parkNanos(50_000_000);
    }
    throw new AssertionError("unbound does not answer");
  }

  private static Map<String, String> verdicts(Resolver resolver, List<Zone> zones) {
    Map<String, String> verdicts = new TreeMap<>();
    for (Zone zone : zones) {
      query(verdicts, zone.origin() + " MX", resolver::mx, zone.origin());
      for (String label : HOSTS) {
        String host = label + "." + zone.origin();
        query(verdicts, host + " MX", resolver::mx, host);
        query(verdicts, host + " A", d -> resolver.addresses(d, Resolver.AddressFamily.IPV4), host);
        query(verdicts, "_25._tcp." + host + " TLSA", resolver::tlsa, "_25._tcp." + host);
      }
    }
    return verdicts;
  }

  private static void query(
      Map<String, String> verdicts,
      String question,
      Function<Domain, DnsAnswer<?>> asking,
      String name) {
    DnsAnswer<?> answer = asking.apply(Domain.of(name));
    boolean known = answer.kind() != DnsAnswer.Kind.UNKNOWN;
    verdicts.put(
        question, answer.kind() + " " + answer.security() + (known ? " " + answer.aliases() : ""));
  }
}
