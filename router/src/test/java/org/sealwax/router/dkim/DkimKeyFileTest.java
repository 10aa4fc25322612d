package org.sealwax.router.dkim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.address.Domain;
import org.sealwax.mail.dkim.DkimAlgorithm;
import org.sealwax.mail.dkim.DkimSigningKey;

/** New keys: private, whole, and never in the place of another file. */
final class DkimKeyFileTest {
  @TempDir private Path folder = Path.of("");

  private DkimSigningKey made(String name, DkimAlgorithm algorithm) throws IOException {
    Path file = folder.resolve(name);
    DkimKeyFile.create(file, algorithm);
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    return DkimKeyFile.read(Domain.of("project.example"), Domain.of("s1"), file);
  }

  @Test
  void aNewKeyCanBeReadAndIsNew() throws Exception {
    for (DkimAlgorithm algorithm : DkimAlgorithm.values()) {
      DkimSigningKey one = made(algorithm.tag() + "1", algorithm);
      assertEquals(algorithm, one.algorithm());
      assertNotEquals(one.record(), made(algorithm.tag() + "2", algorithm).record());
    }
    try (var all = Files.list(folder)) {
      assertEquals(4, all.count(), "a file besides the keys is left");
    }
  }

  @Test
  void anExistingFileIsKept() throws Exception {
    Path file = Files.writeString(folder.resolve("key.pem"), "mine");
    assertThrows(
        FileAlreadyExistsException.class,
        () -> DkimKeyFile.create(file, DkimAlgorithm.ED25519_SHA256));
    assertEquals("mine", Files.readString(file));
    Path link = Files.createSymbolicLink(folder.resolve("link.pem"), folder.resolve("nowhere"));
    assertThrows(
        FileAlreadyExistsException.class,
        () -> DkimKeyFile.create(link, DkimAlgorithm.ED25519_SHA256));
    assertTrue(Files.notExists(folder.resolve("nowhere")));
  }

  @Test
  void aZoneLineHasStringsOf255Bytes() throws Exception {
    DkimSigningKey rsa = made("rsa.pem", DkimAlgorithm.RSA_SHA256);
    String start = "s1._domainkey.project.example. TXT ";
    assertTrue(rsa.zoneLine().startsWith(start), rsa.zoneLine());
    List<String> strings =
        Arrays.stream(rsa.zoneLine().substring(start.length()).split(" (?=\")", -1))
            .map(s -> s.substring(1, s.length() - 1))
            .toList();
    assertEquals(rsa.record(), String.join("", strings));
    assertEquals(255, strings.getFirst().length());
    assertEquals(2, strings.size());
  }
}
