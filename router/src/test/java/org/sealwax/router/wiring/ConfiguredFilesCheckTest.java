package org.sealwax.router.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.Identity;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.testkit.tls.TestCa;

/** What check reports about the files that a configuration names. */
final class ConfiguredFilesCheckTest {
  private static final TestCa CA = TestCa.root("Test Root");
  @TempDir private Path folder = Path.of("");

  private RouterSettings settings(String text) {
    Configuration read =
        Configuration.parse(
            text,
            folder,
            "sealwax.toml",
            new MachineDefaults(Domain.of("mx.test.example"), folder));
    return assertInstanceOf(Configuration.ValidConfiguration.class, read, read.report()).settings();
  }

  /** With the folder's name taken out. */
  private List<String> found(String text) {
    return ConfiguredFilesCheck.of(settings(text), Clock.system()).stream()
        .map(f -> f.toString().replace(folder.toString() + "/", ""))
        .toList();
  }

  private Optional<String> srsAdvice(String domain) {
    return ConfiguredFilesCheck.srsDomainAdvice(
        settings(
                "[[alias_domain]]\ndomain = \"project.example\"\nfile = \"aliases\"\n[srs]\ndomain = \""
                    + domain
                    + "\"\n")
            .forward());
  }

  @Test
  void recommendsADomainOfItsOwnForRewrittenSenders() {
    assertTrue(srsAdvice("project.example").orElse("").contains("such as srs.project.example"));
    assertEquals(Optional.empty(), srsAdvice("srs.project.example"));
    assertEquals(Optional.empty(), ConfiguredFilesCheck.srsDomainAdvice(settings("").forward()));
  }

  private String pair(Identity identity, String stem) {
    TestCa.write(identity, folder, stem);
    return "certificate = \"" + stem + ".crt\"\nkey = \"" + stem + ".key\"\n";
  }

  @Test
  void reportsNothingForValidFiles() {
    assertEquals(List.of(), found(""));
    assertEquals(
        List.of(),
        found(
            "[identity]\n"
                + pair(CA.identity("mx.test.example"), "a")
                + "[[identity_for]]\nnames = [\"*.example.org\", \"Mx.Other.example\"]\n"
                + pair(CA.identity("*.example.org", "mx.other.example"), "b")));
  }

  /** RFC 7646: for a week at most, and never permanently. */
  @Test
  void warnsOfNegativeAnchorsThatExpiredOrCountForLong() {
    String row =
        "[[negative_anchor]]\ndomain = \"broken.example\"\nowner = \"ops\"\n"
            + "note = \"stale DS\"\nexpires = ";
    java.time.LocalDate today =
        java.time.LocalDate.ofInstant(Instant.now(), java.time.ZoneOffset.UTC);
    assertEquals(List.of(), found(row + today.plusDays(7)));
    assertEquals(
        "warning: [[negative_anchor]] broken.example: expired on " + today.minusDays(1),
        found(row + today.minusDays(1)).getFirst().replaceAll("T00.*", ""));
    assertEquals(
        "warning: [[negative_anchor]] broken.example: is in force until " + today.plusDays(30),
        found(row + today.plusDays(30)).getFirst().replaceAll("T00.*", ""));
    for (String key : List.of("owner", "note", "expires", "domain")) {
      String without =
          (row + today.plusDays(7))
              .lines()
              .filter(l -> !l.startsWith(key))
              .collect(java.util.stream.Collectors.joining("\n"));
      Configuration read =
          Configuration.parse(
              without,
              folder,
              "sealwax.toml",
              new MachineDefaults(Domain.of("mx.test.example"), folder));
      assertInstanceOf(Configuration.InvalidConfiguration.class, read, key);
    }
    assertInstanceOf(
        Configuration.InvalidConfiguration.class,
        Configuration.parse(
            row.replace("ops", "") + today.plusDays(7),
            folder,
            "sealwax.toml",
            new MachineDefaults(Domain.of("mx.test.example"), folder)));
  }

  @Test
  void reportsFaultsOfCertificates() throws IOException {
    Instant now = Instant.now();
    String late =
        pair(
            CA.leaf("mx.test.example")
                .valid(now.minus(Duration.ofDays(50)), now.plus(Duration.ofDays(13)))
                .identity(),
            "late");
    assertEquals(1, found("[identity]\n" + late).size());
    assertEquals(
        "warning: [identity]: late.crt: the certificate expires soon",
        found("[identity]\n" + late).getFirst().replaceAll(", on .*", ""));
    String past = pair(CA.leaf("mx.test.example").expired().identity(), "past");
    assertEquals(
        "warning: [identity]: past.crt: the certificate expired",
        found("[identity]\n" + past).getFirst().replaceAll(" on .*", ""));
    assertEquals(
        List.of("warning: [identity]: other.crt: the certificate is not for mx.test.example"),
        found("[identity]\n" + pair(CA.identity("x.example"), "other")));
    assertEquals(
        List.of("warning: [[identity_for]]: one.crt: the certificate is not for *.example.org"),
        found(
            "[[identity_for]]\nnames = [\"*.example.org\"]\n"
                + pair(CA.identity("mx.example.org"), "one")));
    String mixed = pair(CA.identity("mx.test.example"), "mixed");
    TestCa.write(CA.identity("mx.test.example"), folder, "stranger");
    Files.copy(
        folder.resolve("stranger.key"),
        folder.resolve("mixed.key"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    assertEquals(
        List.of(
            "error: [identity]: mixed.crt: the private key does not match the (first) certificate"),
        found("[identity]\n" + mixed));
  }

  @Test
  void readsKeysForDynamicUpdates() throws IOException {
    String row =
        "[[dns_update]]\nzone = \"a.example\"\nserver = \"192.0.2.53:53\"\nkey = \"tsig\"\n";
    Path key = folder.resolve("tsig");
    Files.writeString(key, "hmac-sha256:router.example:AAECAwQFBgcICQoLDA0ODw==\n");
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-------"));
    assertEquals(List.of(), found(row));
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-r--r--"));
    assertEquals(
        List.of(
            "warning: [[dns_update]] a.example: private key tsig is readable by all users of this"
                + " machine; run: chmod o= tsig"),
        found(row));
    Files.writeString(key, "hmac-md5:router.example:AAECAwQFBgcICQoLDA0ODw==\n");
    assertTrue(found(row).getFirst().contains("algorithm of the key is not supported"));
  }

  @Test
  void readsAuthoritiesPasswordsAndAliases() throws IOException {
    Files.writeString(folder.resolve("empty.pem"), "nothing\n");
    assertEquals(
        List.of("error: [[trusted_client]] ca: empty.pem: contains no certificate"),
        found("[[trusted_client]]\nca = \"empty.pem\"\nnames = [\"a.example\"]\n"));
    Files.writeString(folder.resolve("aliases"), "ring: gnir\ngnir: ring\n");
    String domain = "[[alias_domain]]\ndomain = \"a.example\"\nfile = \"aliases\"\n";
    assertEquals(
        List.of(
            "warning: aliases: alias loop at gnir@a.example",
            "warning: aliases: alias loop at ring@a.example"),
        found(domain).stream().sorted().toList());
    Files.writeString(folder.resolve("aliases"), "a: b@example.net\nbroken line\n");
    assertEquals(
        "error: aliases and recipients: aliases:2", found(domain).getFirst().substring(0, 40));
  }
}
