package org.sealwax.router.wiring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateEncodingException;
import java.util.Base64;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.cli.MachineDefaults;
import org.sealwax.mail.policy.IdentityRequirement;
import org.sealwax.router.config.Configuration;
import org.sealwax.router.config.RouterSettings;
import org.sealwax.testkit.tls.TestCa;

/** The same text of a configuration may name files with other contents. */
final class CertificateAuthoritiesTest {
  @TempDir private Path folder = Path.of("");

  private Path write(String name, TestCa ca) throws IOException, CertificateEncodingException {
    String pem =
        "-----BEGIN CERTIFICATE-----\n"
            + Base64.getMimeEncoder().encodeToString(ca.certificate().getEncoded())
            + "\n-----END CERTIFICATE-----\n";
    return Files.writeString(folder.resolve(name), pem, StandardCharsets.US_ASCII);
  }

  @Test
  void checkedFilesStayInForceUntilTheyAreReadAgain() throws Exception {
    TestCa before = TestCa.root("Before");
    TestCa after = TestCa.root("After");
    Path roots = write("roots.pem", before);
    Path policy = write("policy.pem", before);
    Path clients = write("clients.pem", before);
    String text =
        """
        [roots]
        public = false
        files = ["roots.pem"]
        [[policy]]
        domain = "a.example"
        level = "secure"
        ca = "policy.pem"
        [[trusted_client]]
        ca = "clients.pem"
        names = ["client.example"]
        """;
    RouterSettings settings =
        assertInstanceOf(
                Configuration.ValidConfiguration.class,
                Configuration.parse(
                    text, folder, "test", new MachineDefaults(Domain.of("mx.example.org"), folder)))
            .settings();
    CertificateAuthorities old = new CertificateAuthorities(settings);
    old.check();
    for (Path file : Set.of(roots, policy, clients)) {
      write(file.getFileName().toString(), after);
    }
    CertificateAuthorities next = new CertificateAuthorities(settings);
    next.check();
    assertAnchor(before, old, policy);
    assertAnchor(after, next, policy);
    Files.writeString(policy, "no certificate\n");
    assertThrows(IOException.class, () -> new CertificateAuthorities(settings).check());
    assertAnchor(after, next, policy);
  }

  private static void assertAnchor(TestCa ca, CertificateAuthorities authorities, Path policy) {
    Set<?> anchors = Set.of(ca.certificate());
    assertEquals(anchors, authorities.standard().anchors());
    assertEquals(anchors, authorities.forClients().roots().anchors());
    assertEquals(anchors, authorities.grants().getFirst().roots().anchors());
    var delivery = authorities.forDelivery();
    assertEquals(
        anchors, Objects.requireNonNull(delivery.get(IdentityRequirement.PUBLIC_ROOTS)).anchors());
    assertEquals(anchors, Objects.requireNonNull(delivery.get(policy.toString())).anchors());
  }
}
