package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.sealwax.router.deliver.FakeInternet.reason;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.policy.Evidence;
import org.sealwax.mail.policy.MxPattern;
import org.sealwax.mail.tls.Identity;
import org.sealwax.mail.tls.RootStore;
import org.sealwax.mail.tls.TlsEngine;
import org.sealwax.mail.tls.TlsServer;
import org.sealwax.mail.tls.verdict.Pins;
import org.sealwax.router.config.Configuration;
import org.sealwax.testkit.tls.TestCa;

/** Every key of {@code [[policy]]}, from the line in the file to the next hop: real TLS. */
@Timeout(300)
final class PolicyKeysTest {
  private static final String MX = "mx.example.org";
  private static final TestCa OWN = TestCa.root("own");
  private static final Identity PINNED = TestCa.selfSigned("anything.example");

  @TempDir Path folder;

  private void read(FakeInternet net, String row) throws IOException {
    Configuration configuration =
        Configuration.parse(
            "[[policy]]\n" + row,
            folder,
            "test",
            new MachineDefaults(Domain.of("router.example"), folder.resolve("state")));
    if (!(configuration instanceof Configuration.ValidConfiguration sound)) {
      throw new IOException(configuration.report());
    }
    net.rows.addAll(sound.settings().deliver().rows());
    for (var ca : sound.settings().caFiles().entrySet()) {
      net.roots.put(ca.getKey(), RootStore.fromPem(ca.getValue()));
    }
  }

  /**
   * One row: what it does to a host that the row takes, and to one that it does not.
   *
   * @param taken what the host shows that gets mail; null: no TLS
   * @param left what the host shows that gets none
   */
  record Case(String row, TlsServer taken, String delivered, TlsServer left, String deferred) {
    @Override
    public String toString() {
      return row.replace('\n', ' ');
    }
  }

  private static final String HERE = "domain = \"example.org\"\n";

  static Stream<Case> cases() {
    TlsServer good = FakeInternet.server(MX);
    TlsServer otherServer = FakeInternet.server(TestCa.selfSigned(MX));
    return Stream.of(
        new Case(
            HERE + "level = \"secure\"\nnames = [\"post.example\"]",
            FakeInternet.server("post.example"),
            "secure:verified",
            good,
            "tls-identity"),
        new Case(HERE + "level = \"verify\"", good, "verify:verified", otherServer, "tls-identity"),
        new Case(
            HERE
                + "level = \"fingerprint\"\npins = [\""
                + Pins.of(PINNED.chain().getFirst())
                + "\"]",
            FakeInternet.server(PINNED),
            "fingerprint:verified",
            good,
            "tls-identity"),
        new Case(
            HERE + "level = \"encrypt\"\nfloor = \"1.3\"",
            good,
            "encrypt:trusted",
            FakeInternet.old(FakeInternet.ca().identity(MX)),
            "tls-broken"),
        new Case(
            HERE + "level = \"verify\"\nca = \"own.pem\"",
            FakeInternet.server(OWN.identity(MX)),
            "verify:verified",
            good,
            "tls-identity"),
        new Case(
            HERE + "level = \"verify\"\nservername = \"front.example\"",
            FakeInternet.named(
                TestCa.selfSigned("usual.example"),
                "front.example",
                FakeInternet.ca().identity(MX)),
            "verify:verified",
            FakeInternet.named(
                TestCa.selfSigned("usual.example"), MX, FakeInternet.ca().identity(MX)),
            "tls-identity"));
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void rowAppliesToItsHostsOnly(Case each) throws Exception {
    Files.writeString(
        folder.resolve("own.pem"),
        "-----BEGIN CERTIFICATE-----\n"
            + Base64.getMimeEncoder().encodeToString(OWN.certificate().getEncoded())
            + "\n-----END CERTIFICATE-----\n");
    for (boolean taken : new boolean[] {true, false}) {
      try (FakeInternet net = new FakeInternet()) {
        read(net, each.row());
        FakeHost host = net.simple().tls(taken ? each.taken() : each.left());
        assertEquals(
            taken ? "delivered " + each.delivered() : "deferred " + each.deferred(),
            reason(net.mail().one()));
        assertEquals(taken ? 1 : 0, host.bodies().size());
        assertFalse(
            host.sessions().stream().anyMatch(s -> !s.encrypted && s.verbs().contains("MAIL")));
      }
    }
  }

  @Test
  void clientCertificateIsSentUnlessTheRowForbidsIt() throws Exception {
    for (TlsEngine engine : TlsEngine.values()) {
      for (String level : List.of("may", "verify")) {
        List<Integer> shown = new ArrayList<>();
        for (String key : List.of("", "client_certificate = true", "client_certificate = false")) {
          try (FakeInternet net = new FakeInternet()) {
            net.engine = engine;
            read(net, HERE + "level = \"" + level + "\"\n" + key);
            FakeHost host = net.simple().tls(FakeInternet.server(MX));
            // The second session resumes the first: nothing may be shown by that way either.
            for (int i = 0; i < 2; i++) {
              String outcome = reason(net.mail().one());
              assertTrue(outcome.startsWith("delivered " + level), outcome);
            }
            shown.add(host.session(0).client.size() + host.session(1).client.size());
          }
        }
        assertEquals(List.of(2, 2, 0), shown, engine + " " + level);
      }
    }
  }

  @Test
  void rowWithoutClientCertificateWins() throws Exception {
    try (FakeInternet net = new FakeInternet()) {
      read(net, "domain = \"" + MX + "\"\nclient_certificate = false");
      read(net, HERE + "level = \"encrypt\"");
      FakeHost host = net.simple().tls(FakeInternet.server(MX));
      assertEquals("delivered encrypt:trusted", reason(net.mail().one()));
      assertEquals(List.of(), host.session(0).client);
    }
  }

  @Test
  void aRowBelowAParentThatExpiresAndOverridesPassesAPolicyUntilItsDay() throws Exception {
    String row =
        "domain = \".example.org\"\nlevel = \"encrypt\"\noverride = true\nnote = \"moving\"\n"
            + "owner = \"ann\"\nexpires = ";
    // The tests' clock stands at the 23rd.
    for (boolean counts : new boolean[] {true, false}) {
      try (FakeInternet net = new FakeInternet()) {
        read(net, row + (counts ? "2026-11-24" : "2026-11-23"));
        Domain sub = Domain.of("sub.example.org");
        net.sources.add(
            subject ->
                List.of(
                    new Evidence.Sts(
                        sub,
                        new Evidence.StsState.Enforce(
                            "1", List.of(MxPattern.parse("elsewhere.example").orElseThrow())),
                        null)));
        net.dns.mx("sub.example.org", 10, MX);
        net.simple().tls(FakeInternet.server(MX));
        var mail = net.mail().by(new org.sealwax.router.queue.NextHop.ByMx(sub));
        assertEquals(counts ? "delivered encrypt:trusted" : "deferred sts-mx", reason(mail.one()));
      }
    }
    try (FakeInternet net = new FakeInternet()) {
      for (String lacks : List.of("note", "owner", "expires")) {
        String without = (row + "2026-11-24").replaceAll("(?m)^" + lacks + " = .*\n?", "");
        assertTrue(
            Configuration.parse(
                    "[[policy]]\n" + without,
                    folder,
                    "test",
                    new MachineDefaults(Domain.of("router.example"), folder))
                .report()
                .contains("override needs an owner, a note and an expiry date"),
            lacks);
      }
      assertEquals(List.of(), net.rows);
    }
  }

  @Test
  void everyKeyOfTheTableIsTriedHere() throws Exception {
    String sample = Files.readString(Path.of("docs/sealwax.toml.sample"));
    String table = sample.substring(sample.indexOf("#[[policy]]"));
    Set<String> keys =
        Pattern.compile("(?m)^#([a-z_]+) = ")
            .matcher(table.substring(0, table.indexOf("\n\n")))
            .results()
            .map(m -> m.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    String tried =
        cases().map(Case::row).collect(Collectors.joining("\n"))
            + Files.readString(
                Path.of("router/src/test/java/org/sealwax/router/deliver/PolicyKeysTest.java"));
    keys.removeIf(key -> tried.contains(key + " = "));
    assertEquals(Set.of(), keys);
  }
}
