package org.sealwax.router.receive;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPairGenerator;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.address.Cidr;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.address.DomainPattern;
import org.sealwax.mail.dkim.DkimResult;
import org.sealwax.mail.dkim.DkimSigningKey;
import org.sealwax.mail.dkim.DkimStatus;
import org.sealwax.mail.dkim.SignedMessages;
import org.sealwax.router.dkim.DkimKeyFile;
import org.sealwax.router.dkim.DkimRow;
import org.sealwax.router.dkim.KeyUseRecorder;
import org.sealwax.router.dkim.SenderRow;
import org.sealwax.router.dkim.SigningPolicy;
import org.sealwax.router.dkim.SigningPool;
import org.sealwax.router.milter.MilterSettings;
import org.sealwax.router.milter.ScriptedMilter;
import org.sealwax.testkit.dns.FixedResolver;
import org.sealwax.testkit.net.MemoryWire;

/** Mail of users and clients is signed when they may use the domain of its author. */
final class DkimSigningTest {
  private static final Domain DOMAIN = Domain.of("project.example");

  @TempDir private static Path folder = Path.of("");

  private static SigningPolicy policy = SigningPolicy.NONE;
  private static FixedResolver dns = FixedResolver.builder().build();

  @BeforeAll
  static void makeKeys() throws Exception {
    DkimSigningKey rsa = key("RSA", 2048, "r1");
    DkimSigningKey ed = key("Ed25519", 255, "e1");
    dns = SignedMessages.dns(List.of(rsa, ed));
    policy =
        SigningPolicy.read(
            List.of(row("r1"), row("e1")),
            List.of(
                new SenderRow(
                    List.of(),
                    List.of(Cidr.parse("192.0.2.7").orElseThrow()),
                    List.of(),
                    false,
                    List.of(DomainPattern.parse("project.example").orElseThrow())),
                new SenderRow(
                    List.of("ann"),
                    List.of(),
                    List.of(),
                    true,
                    List.of(DomainPattern.parse("*").orElseThrow()))),
            new SigningPool(1),
            KeyUseRecorder.empty());
  }

  private static DkimRow row(String selector) {
    return new DkimRow(
        DOMAIN,
        Domain.of(selector),
        folder.resolve(selector + ".pem"),
        Optional.empty(),
        Optional.empty());
  }

  private static DkimSigningKey key(String algorithm, int bits, String selector) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
    generator.initialize(bits);
    Path file = folder.resolve(selector + ".pem");
    Files.writeString(
        file,
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder()
                .encodeToString(generator.generateKeyPair().getPrivate().getEncoded())
            + "\n-----END PRIVATE KEY-----\n");
    return DkimKeyFile.read(DOMAIN, Domain.of(selector), file);
  }

  private static void reply(BufferedReader in) throws IOException {
    String line = in.readLine();
    while (line != null && line.startsWith("-", 3)) {
      line = in.readLine();
    }
    assertTrue(line != null && line.matches("[23].*"), line);
  }

  /** What is stored of a message. */
  private static String stored(String client, String sender, String message)
      throws IOException, InterruptedException {
    return stored(new SessionHarness(), client, sender, message);
  }

  private static String stored(SessionHarness harness, String client, String sender, String message)
      throws IOException, InterruptedException {
    harness.signing = policy;
    harness.option("client " + client);
    harness.option("network 192.0.2.0/24");
    harness.option("accept-all ours.example");
    MemoryWire wire = harness.start();
    BufferedReader in =
        new BufferedReader(new InputStreamReader(wire.in(), StandardCharsets.UTF_8));
    reply(in);
    for (String command :
        List.of(
            "EHLO client.example",
            "MAIL FROM:<" + sender + ">",
            "RCPT TO:<x@ours.example>",
            "DATA",
            message + ".",
            "QUIT")) {
      wire.out().write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
      wire.out().flush();
      reply(in);
    }
    harness.finishAfterEnd();
    List<MemoryIntake.IntakeMessage> kept = harness.intake.kept();
    assertEquals(1, kept.size());
    return kept.getFirst().content();
  }

  private static final String BODY = "Subject: hi\r\n\r\nHi  there\r\n\r\n";

  @Test
  void bothKeysSignBelowOurTraceField() throws Exception {
    String message = "From: Ann <ann@project.example>\r\n" + BODY + "x".repeat(900) + "\r\n";
    String stored = stored("192.0.2.7", "ann@project.example", message);
    isSigned(stored);
    assertTrue(stored.endsWith(message), stored);
    String signed = stored.substring(stored.indexOf("DKIM-Signature"));
    SignedMessages.verify(signed, dns::txt)
        .forEach(r -> assertEquals(Optional.of(DOMAIN), r.domain()));
  }

  @Test
  void theNullPathIsNoObstacle() throws Exception {
    assertTrue(
        stored("192.0.2.7", "", "From: ann@project.example\r\n" + BODY).contains("DKIM-Sig"));
  }

  /** What is stored of a message of Ann's, which both keys sign, after a filter. */
  private static String filtered(ScriptedMilter filter, String message) throws Exception {
    try (filter) {
      SessionHarness harness = new SessionHarness();
      harness.milters.add(
          new MilterSettings(
              Optional.empty(),
              Optional.of(filter.address()),
              MilterSettings.OnFailure.DEFER,
              Duration.ofSeconds(30),
              Duration.ofSeconds(30),
              Duration.ofSeconds(30),
              1));
      return stored(harness, "192.0.2.7", "ann@project.example", message);
    }
  }

  /** Both keys sign what is stored below our trace field, once. */
  private static void isSigned(String stored) {
    assertTrue(stored.startsWith("Received: "), stored);
    assertFalse(stored.contains("\0"), stored);
    String signed = stored.substring(stored.indexOf("DKIM-Signature"));
    assertEquals(
        List.of(DkimStatus.PASS, DkimStatus.PASS),
        SignedMessages.verify(signed, dns::txt).stream().map(DkimResult::status).toList(),
        stored);
  }

  private static final String FROM = "From: Ann <ann@project.example>\r\n";

  @Test
  void aFilterSeesTheMessageWithoutThePlaceOfTheSignatures() throws Exception {
    ScriptedMilter filter = new ScriptedMilter();
    String stored = filtered(filter, FROM + BODY);
    isSigned(stored);
    assertTrue(stored.endsWith("\r\n" + FROM + BODY), stored);
    assertEquals(
        List.of("LFrom|Ann <ann@project.example>|", "LSubject|hi|", "N", "BHi  there\r\n\r\n"),
        filter.commands().stream().filter(c -> "LNB".indexOf(c.charAt(0)) >= 0).toList());
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 900_000})
  void whatAFilterMadeOfTheHeaderIsSigned(int size) throws Exception {
    ScriptedMilter filter =
        new ScriptedMilter()
            .on(
                'E',
                ScriptedMilter.packet('m', "\0\0\0\1Subject\0changed\0"),
                ScriptedMilter.packet('i', "\0\0\0\0To\0bob@other.example\0"),
                ScriptedMilter.packet('h', "Content-Type\0text/plain\0"),
                ScriptedMilter.packet('c', ""));
    String body = "\r\n" + ("x".repeat(98) + "\r\n").repeat(size / 100 + 1);
    String stored = filtered(filter, FROM + "Subject: hi\r\n" + body);
    isSigned(stored);
    assertTrue(
        stored.endsWith(
            "\r\nTo: bob@other.example\r\n"
                + FROM
                + "Subject: changed\r\nContent-Type: text/plain\r\n"
                + body),
        stored);
  }

  @Test
  void theBodyThatAFilterWroteIsSigned() throws Exception {
    ScriptedMilter filter =
        new ScriptedMilter()
            .on(
                'E',
                ScriptedMilter.packet('b', "Other  text\r\n"),
                ScriptedMilter.packet('b', "and more\r\n"),
                ScriptedMilter.packet('c', ""));
    String stored = filtered(filter, FROM + BODY);
    isSigned(stored);
    assertTrue(stored.endsWith("Subject: hi\r\n\r\nOther  text\r\nand more\r\n"), stored);
  }

  @Test
  void theAuthorThatAFilterWroteDecides() throws Exception {
    byte[] done = ScriptedMilter.packet('c', "");
    String foreign =
        filtered(
            new ScriptedMilter()
                .on('E', ScriptedMilter.packet('m', "\0\0\0\1From\0a@other.example\0"), done),
            FROM + BODY);
    assertFalse(foreign.contains("DKIM-Signature"), foreign);
    assertTrue(foreign.endsWith("\r\nFrom: a@other.example\r\n" + BODY), foreign);
    String ours =
        filtered(
            new ScriptedMilter()
                .on('E', ScriptedMilter.packet('m', "\0\0\0\1From\0a@project.example\0"), done),
            "From: ann@other.example\r\n" + BODY);
    isSigned(ours);
  }

  /** The message is stored as it came. */
  private static void isNotSigned(String client, String sender, String message) throws Exception {
    String stored = stored(client, sender, message);
    assertFalse(stored.contains("DKIM-Signature"), stored);
    assertTrue(stored.endsWith(message), stored);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "From: ann@other.example",
        "From: ann@sub.project.example",
        "From: ann@project.example, bob@project.example",
        "From: ann@project.example\r\nFrom: ann@project.example",
        "From: ann@other.example\r\nFrom: ann@project.example",
        "From: group: ann@project.example;",
        "From: ann@other.example (ann@project.example)",
        "From: \"ann@project.example\" <ann@other.example>",
        "From: <ann@other.example> ann@project.example",
        "From: ann@project.example@other.example",
        "From: ann@project.example (",
        "From: ann@[192.0.2.1]",
        "From: ann",
        "From:",
        "X-From: ann@project.example",
      })
  void anotherAuthorOrNoneIsNotSigned(String from) throws Exception {
    isNotSigned("192.0.2.7", "ann@project.example", from + "\r\n" + BODY);
  }

  @Test
  void anotherClientOrEnvelopeDomainIsNotSigned() throws Exception {
    String message = "From: ann@project.example\r\n" + BODY;
    isNotSigned("192.0.2.8", "ann@project.example", message);
    isNotSigned("198.51.100.9", "ann@project.example", message);
    isNotSigned("192.0.2.7", "ann@other.example", message);
  }

  @Test
  void forwardedMailOfOthersIsNotSigned() throws Exception {
    String message = FROM + BODY;
    SessionHarness harness = new SessionHarness();
    harness.option("alias x@ours.example -> ann@elsewhere.example");
    String stored = stored(harness, "198.51.100.9", "ann@project.example", message);
    assertTrue(harness.intake.kept().getFirst().recipients().getFirst().forwarded());
    assertFalse(stored.contains("DKIM-Signature"), stored);
    assertTrue(stored.endsWith(message), stored);
  }

  @Test
  void aMessageWithoutABodyIsSigned() throws Exception {
    String stored = stored("192.0.2.7", "a@project.example", "From: a@project.example\r\n");
    String signed = stored.substring(stored.indexOf("DKIM-Signature"));
    assertTrue(
        SignedMessages.verify(signed, dns::txt).stream().allMatch(DkimResult::passes), signed);
  }
}
