package org.sealwax.router.receive.auth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.net.FailureText;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.net.WatchedFile;
import org.sealwax.router.log.RecordingMailLog;
import org.sealwax.router.receive.SaslExchange;
import org.sealwax.router.receive.SaslExchange.Kind;
import org.sealwax.router.receive.SaslExchange.SaslStep;
import org.sealwax.testkit.net.ManualClock;

final class PasswordMechanismsTest {
  // RFC 7677 section 3.
  private static final byte[] SALT = Base64.getDecoder().decode("W22ZaJ0SNY7soEsUEjb6gQ==");
  private static final String CLIENT_NONCE = "rOprNGfwEbeRWgbNEkqO";
  private static final String SERVER_NONCE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
  private static final String FINAL_BARE = "c=biws,r=" + CLIENT_NONCE + SERVER_NONCE;
  private static final String PROOF = ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
  private static final byte[] DECOY = new byte[16];

  private final ManualClock clock = new ManualClock(Instant.EPOCH);
  private final RecordingMailLog log = new RecordingMailLog();
  private Path path = Path.of("none");

  @BeforeEach
  void writeFile(@TempDir Path folder) throws IOException {
    path = folder.resolve("passwords");
    Files.writeString(path, "# users\n\nuser:" + ScramKeys.of("pencil", SALT, 4096).line() + "\n");
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r-----"));
  }

  private PasswordFile file() throws IOException {
    return new PasswordFile(path, DECOY, clock, log.log());
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static String challenge(SaslStep step) {
    return assertInstanceOf(SaslStep.Challenge.class, step).text();
  }

  @Test
  void followsTheExampleOfRfc7677Section3() throws IOException {
    ScramServer scram = new ScramServer(file(), SERVER_NONCE);
    assertEquals(
        "r=" + CLIENT_NONCE + SERVER_NONCE + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        challenge(scram.respond(bytes("n,,n=user,r=" + CLIENT_NONCE))));
    assertEquals(
        "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        challenge(scram.respond(bytes(FINAL_BARE + PROOF))));
    assertEquals(new SaslStep.Accepted("user"), scram.respond(new byte[0]));
    assertThrows(IllegalStateException.class, () -> scram.respond(new byte[0]));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          RFC 5802 6: p= without our offer     | p=tls-exporter,,n=user,r=abc | MALFORMED
          RFC 5802 5.1: mandatory extension    | n,,m=x,n=user,r=abc          | MALFORMED
          RFC 5802 7: no gs2 header            | n=user,r=abc                 | MALFORMED
          RFC 5802 7: unknown flag             | x,,n=user,r=abc              | MALFORMED
          RFC 5802 5.1: bad escape             | n,,n=us=er,r=abc             | MALFORMED
          RFC 5802 5.1: lower-case escape      | n,,n=us=2cer,r=abc           | MALFORMED
          RFC 5802 7: empty nonce              | n,,n=user,r=                 | MALFORMED
          RFC 5802 7: nonce with a space       | n,,n=user,r=a b              | MALFORMED
          RFC 5802 7: empty name               | n,,n=,r=abc                  | MALFORMED
          RFC 5802 5.1: acts for another       | n,a=root,n=user,r=abc        | CREDENTIALS
          RFC 5802 7: authzid without a=       | n,root,n=user,r=abc          | MALFORMED
          """)
  void refusesAFirstMessage(String row, String message, Kind kind) throws IOException {
    assertEquals(
        new SaslStep.Failed(kind, ""), new ScramServer(file(), "s").respond(bytes(message)), row);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k1 | CREDENTIALS
          c=eSws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0 | CREDENTIALS
          r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0        | MALFORMED
          c=biws                                                       | MALFORMED
          """)
  void refusesAFinalMessageForAnotherExchange(String bare, Kind kind) throws IOException {
    ScramServer scram = new ScramServer(file(), SERVER_NONCE);
    assertInstanceOf(SaslStep.Challenge.class, scram.respond(bytes("n,,n=user,r=" + CLIENT_NONCE)));
    assertEquals(
        kind, assertInstanceOf(SaslStep.Failed.class, scram.respond(bytes(bare + PROOF))).kind());
  }

  @Test
  void countsTheBindingFlagIntoTheProof() throws IOException {
    // The client states y, the final message states n: an attacker has changed one of them.
    ScramServer scram = new ScramServer(file(), SERVER_NONCE);
    assertInstanceOf(SaslStep.Challenge.class, scram.respond(bytes("y,,n=user,r=" + CLIENT_NONCE)));
    assertEquals(
        new SaslStep.Failed(Kind.CREDENTIALS, "user"), scram.respond(bytes(FINAL_BARE + PROOF)));
  }

  @Test
  void repliesAlikeForExistingAndUnknownUsers() throws IOException {
    String first = challenge(new ScramServer(file(), "s").respond(bytes("n,,n=ghost,r=abc")));
    String again = challenge(new ScramServer(file(), "s").respond(bytes("n,,n=ghost,r=abc")));
    String other = challenge(new ScramServer(file(), "s").respond(bytes("n,,n=ghoul,r=abc")));
    assertEquals(first, again, "the salt must not change from one attempt to the next");
    assertNotEquals(first, other);
    assertTrue(first.endsWith(",i=4096"), first);
    ScramServer scram = new ScramServer(file(), SERVER_NONCE);
    assertInstanceOf(
        SaslStep.Challenge.class, scram.respond(bytes("n,,n=ghost,r=" + CLIENT_NONCE)));
    assertEquals(
        new SaslStep.Failed(Kind.CREDENTIALS, ""), scram.respond(bytes(FINAL_BARE + PROOF)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          _user_pencil         | Accepted[user=user]
          user_user_pencil     | Accepted[user=user]
          _user_Pencil         | Failed[kind=CREDENTIALS, user=user]
          root_user_pencil     | Failed[kind=CREDENTIALS, user=user]
          _ghost_pencil        | Failed[kind=CREDENTIALS, user=]
          _User_pencil         | Failed[kind=CREDENTIALS, user=]
          _user_               | Failed[kind=MALFORMED, user=]
          __pencil             | Failed[kind=MALFORMED, user=]
          _user                | Failed[kind=MALFORMED, user=]
          user                 | Failed[kind=MALFORMED, user=]
          _user_pencil_        | Failed[kind=MALFORMED, user=]
          """)
  void checksPlainByRfc4616(String response, String expected) throws IOException {
    assertEquals(
        expected, new Plain(file()).respond(bytes(response.replace('_', '\0'))).toString());
  }

  @Test
  void offersBothAndNoBinding() throws IOException {
    PasswordMechanisms mechanisms = new PasswordMechanisms(file(), RandomSource.secure());
    assertEquals(List.of("SCRAM-SHA-256", "PLAIN"), mechanisms.names());
    assertTrue(mechanisms.begin("scram-sha-256").isPresent());
    assertTrue(mechanisms.begin("Plain").isPresent());
    assertTrue(mechanisms.begin("SCRAM-SHA-256-PLUS").isEmpty());
    assertTrue(mechanisms.begin("LOGIN").isEmpty());
  }

  @Test
  void makesLinesThatItReads() throws IOException {
    Files.writeString(
        path,
        PasswordFile.line("jürgen@x", "gr\u00fc\u00dfe \u2460", RandomSource.secure()) + "\n");
    SaslExchange plain =
        new PasswordMechanisms(file(), RandomSource.secure()).begin("PLAIN").orElseThrow();
    // Decomposed and compatibility characters are the same password (RFC 4013).
    assertEquals(
        new SaslStep.Accepted("jürgen@x"),
        plain.respond(bytes("\0ju\u0308rgen@x\0gru\u0308\u00dfe\u00a01")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a:b", "#a", "a\nb", "a\u0000", "\ud800"})
  void refusesNamesThatWouldBreakTheFile(String user) {
    assertThrows(
        IllegalArgumentException.class, () -> PasswordFile.line(user, "x", RandomSource.secure()));
  }

  @Test
  void acceptsNamesAndPasswordsUpToTheLimit() {
    assertTrue(SaslPrep.user("x".repeat(SaslPrep.MAX_USER)).isPresent());
    assertTrue(SaslPrep.user("x".repeat(SaslPrep.MAX_USER + 1)).isEmpty());
    assertTrue(SaslPrep.password("x".repeat(SaslPrep.MAX_PASSWORD)).isPresent());
    assertTrue(SaslPrep.password("x".repeat(SaslPrep.MAX_PASSWORD + 1)).isEmpty());
    assertTrue(ScramKeys.parse(ScramKeys.of("x", SALT, 4096).line()).isPresent());
    assertTrue(ScramKeys.parse(ScramKeys.of("x", SALT, 4095).line()).isEmpty());
    String line = ScramKeys.of("x", SALT, 4096).line();
    assertTrue(ScramKeys.parse(line.replace("}4096", "}2000000")).isPresent());
    assertTrue(ScramKeys.parse(line.replace("}4096", "}2000001")).isEmpty());
  }

  @Test
  void readsTheFileAgainAndKeepsTheFormerUsersWhenItIsWrong() throws IOException {
    PasswordFile file = file();
    assertTrue(file.find("user").exists());
    Files.writeString(path, "secret-in-clear\n");
    clock.pass(WatchedFile.INTERVAL);
    file.reloadIfChanged();
    clock.pass(WatchedFile.INTERVAL);
    assertTrue(file.find("user").exists());
    assertTrue(log.recorded("warning", "passwords:1:", "the former users remain in force"));
    assertFalse(log.recorded("secret-in-clear"));
    Files.writeString(path, PasswordFile.line("other", "x", RandomSource.secure()));
    PasswordFile.StoredUser other = file.find("other");
    assertEquals(SaslExchange.Kind.NOT_NOW, file.failure(other, "other").kind());
    clock.pass(WatchedFile.INTERVAL);
    file.reloadIfChanged();
    clock.pass(WatchedFile.INTERVAL);
    assertFalse(file.find("other").exists(), "more than half of the users would be gone");
    PasswordFile after = new PasswordFile(path, DECOY, clock, log.log(), file);
    assertTrue(after.find("other").exists());
    assertFalse(after.find("user").exists());
    assertEquals(SaslExchange.Kind.CREDENTIALS, after.failure(after.find("user"), "user").kind());
  }

  @Test
  void aFileThatIsReadAgainWithTheSameUserMakesNoFailureTemporary() throws IOException {
    PasswordFile file = file();
    PasswordFile.StoredUser before = file.find("user");
    // Another user is added while the proof of this one is checked.
    Files.writeString(
        path,
        Files.readString(path) + PasswordFile.line("third", "x", RandomSource.secure()) + "\n");
    for (int i = 0; i < 3; i++) {
      clock.pass(WatchedFile.INTERVAL);
      file.reloadIfChanged();
    }
    assertTrue(file.find("third").exists());
    assertEquals(SaslExchange.Kind.CREDENTIALS, file.failure(before, "user").kind());
  }

  @Test
  void refusesADuplicateUser() throws IOException {
    String line = "user:" + ScramKeys.of("x", SALT, 4096).line() + "\n";
    Files.writeString(path, line + line);
    assertTrue(FailureText.of(assertThrows(IOException.class, this::file)).contains(":2: "));
  }

  @Test
  void warnsOfAFileThatEverybodyReads() throws IOException {
    assertEquals(List.of(), PasswordFile.warnings(path));
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r--r--"));
    file();
    assertTrue(log.recorded("warning", "chmod o="));
  }

  @Property(tries = 300)
  void everyClientMessageLeadsToAStep(@ForAll byte[] one, @ForAll byte[] two, @ForAll String s) {
    byte[] first = ("n,,n=" + s + ",r=x").getBytes(StandardCharsets.UTF_8);
    try {
      Path empty = Files.createTempFile("passwords", "");
      PasswordFile file = new PasswordFile(empty, DECOY, clock, log.log());
      Files.delete(empty);
      for (byte[] opening : List.of(one, first)) {
        assertInstanceOf(SaslStep.Failed.class, new ScramServer(file, "s").respond(one));
        ScramServer scram = new ScramServer(file, "s");
        if (scram.respond(opening) instanceof SaslStep.Challenge) {
          assertInstanceOf(SaslStep.Failed.class, scram.respond(two));
        }
      }
      assertInstanceOf(SaslStep.Failed.class, new Plain(file).respond(two));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
