package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.verdict.CertificateName;
import org.sealwax.mail.tls.verdict.NameCheck;
import org.sealwax.testkit.tls.TestCa;
import org.sealwax.testkit.tls.TlsConnectionPair;

/** Pairs of files: read in the forms admins have, reloaded, kept when wrong, made when missing. */
final class IdentityTest {
  private static final Domain HOST = Domain.of("mx.example.org");

  @TempDir private Path folder = Path.of("");

  private static IdentityStore open(IdentitySettings settings) throws IOException {
    return IdentityStore.open(settings, Clock.system(), RandomSource.secure());
  }

  private IdentitySettings settings(IdentitySettings.CertificatePair pair) {
    return new IdentitySettings(pair, List.of(), folder, HOST);
  }

  @Test
  void readsBareRsaAndEcKeys() throws IOException {
    for (Identity identity :
        List.of(
            TlsConnectionPair.CA.leaf("a.example.org").rsa(2048).identity(),
            TlsConnectionPair.MX)) {
      IdentitySettings.CertificatePair pair = TestCa.write(identity, folder, "pair");
      String label = identity.key().getAlgorithm() + " PRIVATE KEY";
      byte[] bare =
          PrivateKeyInfo.getInstance(identity.key().getEncoded()).getPrivateKey().getOctets();
      Files.writeString(pair.key(), Pem.encode(label, bare));
      assertEquals(identity.leaf(), Identity.read(pair.certificate(), pair.key()).leaf());
      Path both = folder.resolve("both.pem");
      Files.writeString(both, Files.readString(pair.key()) + Files.readString(pair.certificate()));
      assertEquals(identity.leaf(), Identity.read(both, both).leaf());
    }
    Identity edwards = TlsConnectionPair.CA.leaf("ed.example.org").ed25519().identity();
    IdentitySettings.CertificatePair pair = TestCa.write(edwards, folder, "ed");
    assertEquals(edwards.leaf(), Identity.read(pair.certificate(), pair.key()).leaf());
  }

  @Test
  void errorNamesTheProblemOfAPair() throws IOException {
    IdentitySettings.CertificatePair mx = TestCa.write(TlsConnectionPair.MX, folder, "mx");
    IdentitySettings.CertificatePair sender =
        TestCa.write(TlsConnectionPair.SENDER, folder, "sender");
    assertTrue(wrong(mx.certificate(), sender.key()).contains("does not match"));
    assertTrue(wrong(mx.certificate(), mx.certificate()).contains("no private key"));
    assertTrue(wrong(mx.key(), mx.key()).contains("no certificate"));
    assertTrue(wrong(folder.resolve("none"), mx.key()).contains("no such file"));
    Path locked = folder.resolve("locked");
    Files.writeString(locked, Pem.encode("ENCRYPTED PRIVATE KEY", new byte[20]));
    assertTrue(wrong(mx.certificate(), locked).contains("encrypted"));
    Path broken = folder.resolve("broken");
    Files.writeString(broken, Pem.encode("PRIVATE KEY", new byte[20]));
    assertTrue(wrong(mx.certificate(), broken).contains("cannot be read"));
  }

  private static String wrong(Path certificate, Path key) {
    return String.valueOf(
        assertThrows(Identity.InvalidIdentity.class, () -> Identity.read(certificate, key))
            .getMessage());
  }

  @Test
  void reloadsGoodPairsAndKeepsTheOldOneOtherwise() throws IOException {
    IdentitySettings.CertificatePair pair = TestCa.write(TlsConnectionPair.MX, folder, "mx");
    IdentityStore store = open(settings(pair));
    Identity first = store.standard();
    assertEquals(List.of(), store.reloadIfChanged());

    Files.writeString(pair.key(), "nothing");
    IdentityStore.Reload bad = store.reloadIfChanged().getFirst();
    assertTrue(
        assertInstanceOf(IdentityStore.Reload.KeptFormer.class, bad)
            .why()
            .contains("no private key"));
    assertEquals(List.of(), store.reloadIfChanged(), "told once");
    assertSame(first, store.standard());

    TestCa.write(TlsConnectionPair.CA.leaf("mx.example.org").expired().identity(), folder, "mx");
    bad = store.reloadIfChanged().getFirst();
    assertTrue(
        assertInstanceOf(IdentityStore.Reload.KeptFormer.class, bad).why().contains("expired"));
    assertSame(first, store.standard());

    TestCa.write(
        TlsConnectionPair.CA.leaf("mx.example.org").notYetValid().identity(), folder, "mx");
    bad = store.reloadIfChanged().getFirst();
    assertTrue(
        assertInstanceOf(IdentityStore.Reload.KeptFormer.class, bad).why().contains("only from"));

    Files.delete(pair.certificate());
    bad = store.reloadIfChanged().getFirst();
    assertInstanceOf(IdentityStore.Reload.KeptFormer.class, bad);
    assertSame(first, store.standard());

    Identity fresh = TlsConnectionPair.CA.identity("mx.example.org");
    TestCa.write(fresh, folder, "mx");
    assertInstanceOf(IdentityStore.Reload.Replaced.class, store.reloadIfChanged().getFirst());
    assertEquals(fresh.leaf(), store.standard().leaf());
  }

  @ParameterizedTest
  @EnumSource(TlsEngine.class)
  void nextHandshakeUsesTheNewCertificate(TlsEngine engine) throws IOException {
    IdentitySettings.CertificatePair pair = TestCa.write(TlsConnectionPair.MX, folder, "mx");
    IdentityStore store = open(settings(pair));
    TlsFactory factory = TlsConnectionPair.factory(engine);
    TlsServer server =
        factory.server(
            ListenerTlsSettings.defaults("smtp"),
            store,
            TlsConnectionPair.references(TlsConnectionPair.ROOTS));
    TlsClient client = factory.client(ClientTlsSettings.defaults(), store);
    ClientOffer offer =
        TlsConnectionPair.offer(TlsConnectionPair.references(TlsConnectionPair.ROOTS)).resuming();
    TlsConnectionPair.TlsSessionPair before = TlsConnectionPair.shake(server, client, offer);
    before.chat();
    Identity fresh = TlsConnectionPair.CA.identity("mx.example.org");
    TestCa.write(fresh, folder, "mx");
    store.reloadIfChanged();
    try (TlsConnectionPair.TlsSessionPair after = TlsConnectionPair.shake(server, client, offer)) {
      after.chat();
      assertEquals(fresh.leaf(), after.client().handshake().peerChain().getFirst());
      assertEquals(fresh.leaf(), after.server().handshake().peerChain().getFirst());
    }
    before.chat();
    before.close();
    assertEquals(0, factory.openEngines());
  }

  @Test
  void identityIsChosenBySni() throws IOException {
    Identity blue = TlsConnectionPair.CA.identity("blue.example.org");
    Identity wild = TlsConnectionPair.CA.identity("*.example.net");
    IdentitySettings settings =
        new IdentitySettings(
            TestCa.write(TlsConnectionPair.MX, folder, "mx"),
            List.of(
                new IdentitySettings.NamedPair(List.of(), TestCa.write(blue, folder, "blue")),
                new IdentitySettings.NamedPair(
                    List.of(new CertificateName("*.example.net")),
                    TestCa.write(wild, folder, "wild"))),
            folder,
            HOST);
    IdentityStore store = open(settings);
    assertEquals(blue.leaf(), store.forName("blue.example.org").leaf());
    assertEquals(wild.leaf(), store.forName("any.example.net").leaf());
    assertEquals(TlsConnectionPair.MX.leaf(), store.forName("two.any.example.net").leaf());
    assertEquals(TlsConnectionPair.MX.leaf(), store.forName("example.net").leaf());
    assertEquals(TlsConnectionPair.MX.leaf(), store.forName(null).leaf());
    for (TlsEngine engine : TlsEngine.values()) {
      TlsFactory factory = TlsConnectionPair.factory(engine);
      TlsServer server =
          factory.server(
              ListenerTlsSettings.defaults("smtp"),
              store,
              TlsConnectionPair.references(TlsConnectionPair.ROOTS));
      TlsClient client = factory.client(ClientTlsSettings.defaults(), store);
      ClientOffer offer =
          TlsConnectionPair.offer(
              "any.example.net",
              TlsConnectionPair.references(TlsConnectionPair.ROOTS, "any.example.net"));
      try (TlsConnectionPair.TlsSessionPair session =
          TlsConnectionPair.shake(server, client, offer)) {
        assertEquals(
            "verified(name any.example.net)", session.client().handshake().verdict().text());
      }
    }
  }

  @Test
  void makesASelfSignedPairOnceAndKeepsItsKey() throws IOException {
    Path made = folder.resolve("made");
    Clock clock = Clock.system();
    IdentityStore first = open(IdentitySettings.defaults(made, HOST));
    IdentityStore second = open(IdentitySettings.defaults(made, HOST));
    assertEquals(first.standard().leaf(), second.standard().leaf());
    assertEquals(
        "rw-------",
        PosixFilePermissions.toString(
            Files.getPosixFilePermissions(made.resolve("self-signed.key"))));
    assertEquals(List.of("mx.example.org"), NameCheck.dnsNames(first.standard().leaf()));
    assertTrue(first.standard().expires().isAfter(clock.now().plus(Duration.ofDays(3000))));

    IdentityStore renamed = open(IdentitySettings.defaults(made, Domain.of("mx2.example.org")));
    assertNotEquals(first.standard().leaf(), renamed.standard().leaf());
    assertEquals(first.standard().pin(), renamed.standard().pin());

    Files.delete(made.resolve("self-signed.crt"));
    IdentityStore again = open(IdentitySettings.defaults(made, HOST));
    assertNotEquals(first.standard().leaf(), again.standard().leaf());
  }

  @Test
  void reportsWhetherThePairMustBeWritten() throws IOException {
    Path made = folder.resolve("made");
    IdentitySettings settings = IdentitySettings.defaults(made, HOST);
    Instant now = Clock.system().now();
    assertTrue(IdentityStore.mustMake(settings, now), "the first start");
    Identity there = open(settings).standard();
    assertFalse(IdentityStore.mustMake(settings, now), "an ordinary start");
    assertTrue(
        IdentityStore.mustMake(IdentitySettings.defaults(made, Domain.of("x.example")), now));
    assertTrue(IdentityStore.mustMake(settings, there.expires().minus(Duration.ofDays(30))));
    open(IdentitySettings.defaults(made, Domain.of("mx2.example.org")));
    assertTrue(IdentityStore.mustMake(settings, now), "renamed meanwhile");
    open(settings);
    assertFalse(IdentityStore.mustMake(settings, now));
    for (String file : List.of("self-signed.crt", "self-signed.key", "self-signed.for")) {
      Files.delete(made.resolve(file));
      assertTrue(IdentityStore.mustMake(settings, now), file);
      open(settings);
      assertFalse(IdentityStore.mustMake(settings, now), file);
    }
    Identity own = open(settings).standard();
    IdentitySettings.CertificatePair pair =
        new IdentitySettings.CertificatePair(
            made.resolve("self-signed.crt"), made.resolve("self-signed.key"));
    assertEquals(own.pin(), Identity.read(pair.certificate(), pair.key()).pin());
    assertFalse(
        IdentityStore.mustMake(
            new IdentitySettings(pair, List.of(), folder.resolve("none"), HOST), now),
        "a configured pair is never made");
  }
}
