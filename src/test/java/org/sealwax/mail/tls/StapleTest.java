package org.sealwax.mail.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.net.Chance;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.tls.verdict.Association;
import org.sealwax.mail.tls.verdict.Associations;
import org.sealwax.mail.tls.verdict.Judgement;
import org.sealwax.mail.tls.verdict.PeerRole;
import org.sealwax.mail.tls.verdict.References;
import org.sealwax.mail.tls.verdict.Verdict;
import org.sealwax.testkit.tls.LeafPlan;
import org.sealwax.testkit.tls.Mint;
import org.sealwax.testkit.tls.Minted;
import org.sealwax.testkit.tls.OddServer;
import org.sealwax.testkit.tls.OddTls;
import org.sealwax.testkit.tls.OddWire;

/** What a server staples is believed when its issuer says it, of it, and lately; and no further. */
final class StapleTest {
  static {
    TlsRoom.beforeAnything();
  }

  private static final String MX = "mx.example.org";

  @TempDir private Path folder;

  private final Mint mint = new Mint(Clock.system(), Chance.secure());
  private final Minted good = mint.make(LeafPlan.of(MX).with(LeafPlan.Oddity.STAPLED));
  private final Minted revoked = mint.make(LeafPlan.of(MX).with(LeafPlan.Oddity.REVOKED));

  private static List<X509Certificate> chain(Minted minted) throws Identity.Unusable {
    return minted.identity().chain();
  }

  private static byte[] staple(Minted minted) {
    byte[] answer = minted.staple();
    if (answer == null) {
      throw new AssertionError("nothing is stapled");
    }
    return answer;
  }

  private References references(Association... tlsa) throws IOException {
    Path root = Files.writeString(folder.resolve("root.pem"), mint.rootPem());
    return new References(
        List.of(Domain.of(MX)),
        Set.of(),
        RootStore.fromPem(root),
        new Associations(Set.of(tlsa), List.of(Domain.of(MX))));
  }

  private Judgement judged(Minted minted, byte[] answer, Association... tlsa) throws Exception {
    return new Judge(Clock.system())
        .judge(chain(minted), answer, references(tlsa), PeerRole.SERVER);
  }

  @Test
  void anIssuersWordCounts() throws Exception {
    assertEquals("verified(name mx.example.org)", judged(good, staple(good)).verdict().text());
    Judgement judgement = judged(revoked, staple(revoked));
    assertEquals("untrusted(revoked)", judgement.verdict().text());
    assertTrue(!judgement.proof().chainHolds(), "nothing may rest on such a chain");
  }

  @Test
  void whatTheMemoryHoldsOfAChainIsNotWhatItsStapleSays() throws Exception {
    Judge judge = new Judge(Clock.system());
    References references = references();
    List<X509Certificate> chain = chain(revoked);
    assertEquals(
        "verified(name mx.example.org)",
        judge.judge(chain, references, PeerRole.SERVER).verdict().text());
    assertEquals(
        "untrusted(revoked)",
        judge.judge(chain, staple(revoked), references, PeerRole.SERVER).verdict().text());
    assertEquals(
        "verified(name mx.example.org)",
        judge.judge(chain, references, PeerRole.SERVER).verdict().text());
  }

  @Test
  void anAnswerAboutAnotherCertificateOrOfAnotherIssuerSaysNothing() throws Exception {
    assertInstanceOf(
        Staple.Unusable.class, Staple.read(chain(good), staple(revoked), Instant.now()));
    Minted elsewhere =
        new Mint(Clock.system(), Chance.secure())
            .make(LeafPlan.of(MX).with(LeafPlan.Oddity.REVOKED));
    assertInstanceOf(
        Staple.Unusable.class, Staple.read(chain(revoked), staple(elsewhere), Instant.now()));
    assertEquals("verified(name mx.example.org)", judged(good, staple(revoked)).verdict().text());
  }

  @Test
  void anAnswerThatIsOldOrFalsifiedOrNoneSaysNothing() throws Exception {
    Instant later = Instant.now().plus(Duration.ofDays(20));
    assertInstanceOf(Staple.Unusable.class, Staple.read(chain(revoked), staple(revoked), later));
    byte[] answer = staple(revoked);
    for (int i = 0; i < answer.length; i += 7) {
      byte[] spoiled = answer.clone();
      spoiled[i] ^= 0x55;
      Staple read = Staple.read(chain(good), spoiled, Instant.now());
      assertInstanceOf(Staple.Unusable.class, read, "octet " + i);
    }
    assertInstanceOf(Staple.Unusable.class, Staple.read(chain(good), new byte[0], Instant.now()));
    assertInstanceOf(
        Staple.Unusable.class,
        Staple.read(chain(good), new byte[Staple.MAX_SIZE + 1], Instant.now()));
  }

  @Test
  void underDaneEeOnlyTheRecordCountsAndBelowAnAnchorAllOfPkix() throws Exception {
    String leaf =
        revoked.association(Minted.Which.LEAF, Minted.Selector.KEY, Minted.Matching.SHA_256);
    String issuer =
        revoked.association(Minted.Which.ISSUER, Minted.Selector.KEY, Minted.Matching.SHA_256);
    assertTrue(
        judged(revoked, staple(revoked), new Association(3, 1, 1, leaf)).verdict()
            instanceof Verdict.Verified);
    assertEquals(
        "untrusted(revoked)",
        judged(revoked, staple(revoked), new Association(2, 1, 1, issuer)).verdict().text());
    assertTrue(
        new Judge(Clock.system())
                .judge(
                    chain(revoked), references(new Association(2, 1, 1, issuer)), PeerRole.SERVER)
                .verdict()
            instanceof Verdict.Verified);
  }

  @Test
  void aPromiseToStapleThatIsNotKeptIsNoted() throws Exception {
    Minted promises = mint.make(LeafPlan.of(MX).with(LeafPlan.Oddity.MUST_STAPLE));
    Judgement judgement =
        new Judge(Clock.system()).judge(chain(promises), references(), PeerRole.SERVER);
    assertEquals("verified(name mx.example.org)", judgement.verdict().text());
    assertEquals(List.of("must-staple, and nothing was stapled"), judgement.notes());
    Minted keeps =
        mint.make(LeafPlan.of(MX).with(LeafPlan.Oddity.MUST_STAPLE).with(LeafPlan.Oddity.STAPLED));
    assertEquals(List.of(), judged(keeps, staple(keeps)).notes());
  }

  @ParameterizedTest
  @CsvSource({
    "BORINGSSL, 772, revoked", "BORINGSSL, 771, revoked", "JSSE, 772, revoked",
        "JSSE, 771, revoked",
    "BORINGSSL, 772, good", "BORINGSSL, 771, good", "JSSE, 772, good", "JSSE, 771, good"
  })
  void bothEnginesHearItInBothVersions(TlsEngine engine, int version, String word)
      throws Exception {
    TlsTable.Pair pair = TlsTable.pair();
    Minted shown = word.equals("good") ? good : revoked;
    OddServer server = new OddServer(OddTls.good().withVersions(version), name -> shown);
    FutureTask<OddWire> accepting =
        TlsTable.start(() -> server.accept(pair.server(), TlsTable.LIMIT));
    TlsClient client = TlsTable.room(engine).client(ClientTls.defaults());
    try (TlsWire wire =
        client.connect(pair.client(), TlsTable.offer(MX, references()), TlsTable.LIMIT)) {
      assertEquals(
          word.equals("good") ? "verified(name mx.example.org)" : "untrusted(revoked)",
          wire.handshake().verdict().text());
    } finally {
      accepting.get().close();
    }
  }
}
