package org.sealwax.mail.dkim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.EdECPrivateKey;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.testkit.dns.FixedResolver;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * dkimpy, which shares no code with ours, verifies what we sign and signs what we verify: both
 * algorithms, both canonicalizations, bodies that are easy to get wrong.
 */
@Tag("long")
final class DkimpyTest {
  private static final JsonMapper JSON = new JsonMapper();

  private static final List<String> BODIES =
      List.of(
          "",
          "\r\n",
          "\r\n\r\n\r\n",
          " \r\n",
          "no line end",
          "blanks \t \r\nin  the\t\tmiddle\r\n \r\n\r\n",
          "text\r\n\r\n\r\n",
          "\r\n\r\ntext",
          " leading\r\n\tblanks\r\n",
          "Gr\u00fc\u00dfe \u00ff\u0080\r\n",
          "x".repeat(5_000) + " \t" + "y".repeat(70_000) + "\r\n.\r\n..\r\n");

  private static final List<String> HEADERS =
      List.of(
          "From: a@example.org\r\nTo: b@example.net\r\nSubject: plain\r\n",
          "FROM:\tA \r\n  <a@example.org> \r\nSubject:  odd \r\n\t \r\n folding\t\r\nTo:b@example.net\r\n",
          "From: a@example.org\r\nSubject: \u00e4\u00f6\r\nSubject: twice\r\nTo: \r\nX: y\r\n");

  @TempDir private static Path folder = Path.of("");

  private static Process peer;
  private static Writer to;
  private static BufferedReader from;

  @BeforeAll
  static void startPeer() throws IOException, InterruptedException {
    Process has =
        new ProcessBuilder("/usr/bin/python3", "-c", "import dkim, nacl")
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    boolean installed = has.waitFor() == 0;
    assertTrue(installed || System.getenv("CI") == null, "python3-dkim and python3-nacl");
    assumeTrue(installed, "python3-dkim and python3-nacl are not installed");
    Path script = folder.resolve("dkimpy_peer.py");
    try (InputStream in = DkimpyTest.class.getResourceAsStream("dkimpy_peer.py")) {
      Files.copy(java.util.Objects.requireNonNull(in), script);
    }
    peer =
        new ProcessBuilder("/usr/bin/python3", script.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    to = peer.outputWriter(StandardCharsets.US_ASCII);
    from = peer.inputReader(StandardCharsets.US_ASCII);
  }

  @AfterAll
  static void endPeer() throws IOException {
    if (peer != null) {
      to.close();
      peer.destroy();
    }
  }

  private static JsonNode ask(Map<String, ?> job) throws IOException {
    to.write(JSON.writeValueAsString(job) + "\n");
    to.flush();
    String line = from.readLine();
    assertTrue(line != null, "the peer has ended");
    return JSON.readTree(line);
  }

  private static String encoded(String message) {
    return Base64.getEncoder().encodeToString(SignedMessages.bytes(message));
  }

  @Test
  void itVerifiesWhatWeSign() throws IOException {
    Map<String, String> keys = new LinkedHashMap<>();
    SignedMessages.KEYS.forEach(k -> keys.put(k.recordName().name(), k.record()));
    for (String header : HEADERS) {
      for (String body : BODIES) {
        String signed = SignedMessages.sign(header + "\r\n" + body, SignedMessages.KEYS);
        JsonNode verified =
            ask(Map.of("do", "verify", "message", encoded(signed), "signatures", 2, "keys", keys));
        assertEquals("[true,true]", verified.toString(), () -> signed);
      }
    }
  }

  @Test
  void weVerifyWhatItSigns() throws IOException, GeneralSecurityException {
    for (String algorithm : List.of("rsa-sha256", "ed25519-sha256")) {
      KeyPairGenerator generator =
          KeyPairGenerator.getInstance(algorithm.startsWith("rsa") ? "RSA" : "Ed25519");
      if (algorithm.startsWith("rsa")) {
        generator.initialize(2048);
      }
      KeyPair pair = generator.generateKeyPair();
      String pem = SignedMessages.pem(pair.getPrivate().getEncoded());
      String key =
          pair.getPrivate() instanceof EdECPrivateKey edwards
              ? Base64.getEncoder().encodeToString(edwards.getBytes().orElseThrow())
              : pem;
      FixedResolver dns = SignedMessages.dns(List.of(published(pem)));
      for (String canonical : List.of("simple", "relaxed")) {
        for (String bodyForm : List.of("simple", "relaxed")) {
          for (boolean length : new boolean[] {false, canonical.equals(bodyForm)}) {
            for (String header : HEADERS) {
              for (String body : BODIES) {
                signAndVerify(
                    header + "\r\n" + body,
                    Map.of(
                        "do",
                        "sign",
                        "message",
                        encoded(header + "\r\n" + body),
                        "key",
                        key,
                        "algorithm",
                        algorithm,
                        "canonicalize",
                        List.of(canonical, bodyForm),
                        "length",
                        length),
                    dns);
              }
            }
          }
        }
      }
    }
  }

  private static DkimSigningKey published(String pem) {
    try {
      return DkimSigningKey.parse(Domain.of("example.org"), Domain.of("peer"), pem);
    } catch (DkimSigningKey.InvalidKey e) {
      throw new IllegalStateException(e);
    }
  }

  private static void signAndVerify(String message, Map<String, ?> job, FixedResolver dns)
      throws IOException {
    String field =
        new String(Base64.getDecoder().decode(ask(job).asString()), StandardCharsets.ISO_8859_1);
    DkimResult result = SignedMessages.verify(field + message, dns::txt).getFirst();
    assertEquals(DkimStatus.PASS, result.status(), () -> result + "\n" + field + message);
    DkimResult other =
        SignedMessages.verify(field + message.replace("@example.net", "@example.com"), dns::txt)
            .getFirst();
    if (message.contains("@example.net")) {
      assertEquals(DkimStatus.FAIL, other.status());
    }
  }
}
