package org.sealwax.router.deliver;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.sealwax.mail.settings.InvalidSetting;

/** The file with a password for a smart host. */
final class CredentialsTest {
  @TempDir private Path folder = Path.of("");

  private Path file(byte[] content) throws IOException {
    return Files.write(folder.resolve("smart.password"), content);
  }

  @Test
  void aPasswordHasNoSpaceAround() throws IOException {
    Path file = file(" s e\n".getBytes(StandardCharsets.UTF_8));
    assertEquals("s e", Credentials.password(file));
  }

  @Test
  void aPasswordHasAtMostFourKilobytes() throws IOException {
    assertEquals(
        4096,
        Credentials.password(file("x".repeat(4096).getBytes(StandardCharsets.UTF_8))).length());
    refuses(
        file("x".repeat(4097).getBytes(StandardCharsets.UTF_8)), "larger than 4096 bytes", "xxx");
  }

  @ParameterizedTest
  @ValueSource(ints = {0x80, 0xc3, 0xff})
  void whatIsNotUtf8IsNoPassword(int octet) throws IOException {
    refuses(file(new byte[] {'s', 'e', (byte) octet}), "not UTF-8", "se");
  }

  @Test
  void aFolderIsNoPassword() {
    refuses(folder, "it is a folder, not a file", "se");
  }

  /** The error stands at the key, and does not repeat the secret. */
  private static void refuses(Path file, String reason, String secret) {
    InvalidSetting why = assertThrows(InvalidSetting.class, () -> Credentials.password(file));
    assertEquals("password_file", why.key());
    assertEquals(file + ": " + reason, why.text());
    assertFalse(reason.contains(secret), reason);
  }
}
