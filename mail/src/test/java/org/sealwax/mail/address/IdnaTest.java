package org.sealwax.mail.address;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.ibm.icu.lang.UCharacter;
import com.ibm.icu.text.IDNA;
import com.ibm.icu.util.VersionInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Names lead to the domain that was meant: by tables, by Unicode's own tests, by another's code.
 */
final class IdnaTest {
  @ParameterizedTest
  @CsvSource({
    "straße.example, xn--strae-oqa.example",
    "STRASSE.example, strasse.example",
    "xn--strae-oqa.example, xn--strae-oqa.example",
    "faß.de, xn--fa-hia.de",
    "βόλος.com, xn--nxasmm1c.com",
    "ΒΌΛΟΣ.com, xn--nxasmq6b.com",
    "Bücher.example, xn--bcher-kva.example",
    "xn--BCHER-kva.example, xn--bcher-kva.example",
    "bücher。example, xn--bcher-kva.example",
    "_dmarc.bücher.example, xn--bcher-kva.example",
    "☕.example, xn--53h.example",
    "r3---sn.bücher.example, xn--bcher-kva.example",
  })
  void aNameHasOneForm(String text, String expected) {
    String name = Domain.parse(text).orElseThrow().name();
    assertTrue(name.equals(expected) || name.endsWith("." + expected), name);
    assertEquals(Optional.of(new Domain(name)), Domain.parse(name), "round trip");
  }

  /** Joiners are kept where they matter and are an error elsewhere (RFC 5892 appendix A). */
  @Test
  void joinersDoNotDisappear() {
    assertEquals(
        "xn--10cl1a0b660p.com",
        Domain.parse("\u0dc1\u0dca\u200d\u0dbb\u0dd3.com").orElseThrow().name());
    assertEquals(
        "xn--mgba3gch31f060k.com",
        Domain.parse("\u0646\u0627\u0645\u0647\u200c\u0627\u06cc.com").orElseThrow().name());
    assertTrue(Domain.parse("a\u200db.example").isEmpty());
    assertTrue(Domain.parse("a\u200cb.example").isEmpty());
  }

  @ParameterizedTest
  @CsvSource({
    "xn--a.example", "xn--strae-oq.example", "xn--.example", "xn--bücher.example",
    "xn--ss-.example", "\u05d0a.example", "a\u0300\u2028.example", "bücher..example",
  })
  void whatIsNoNameIsRefused(String text) {
    assertTrue(Domain.parse(text).isEmpty(), text);
  }

  @Test
  void lengthsAreThoseOfTheDns() {
    assertTrue(Domain.parse("ü".repeat(50) + ".example").isPresent());
    assertTrue(Domain.parse("ü".repeat(62) + ".example").isEmpty());
    assertTrue(Domain.parse("ü.".repeat(20) + "example").isPresent());
    assertTrue(Domain.parse("ü.".repeat(120) + "example").isEmpty());
    assertTrue(Domain.parse("\ufdfa".repeat(5_000)).isEmpty());
  }

  @Test
  void asciiNamesAreUnchanged() {
    assertEquals("xn--a.example", Domain.ofDns("XN--a.example.").orElseThrow().name());
    assertTrue(Domain.ofDns("bücher.example").isEmpty());
  }

  private static String unescaped(String text) {
    Matcher escape = Pattern.compile("\\\\u([0-9A-F]{4})|\\\\x\\{([0-9A-F]+)}").matcher(text);
    StringBuilder out = new StringBuilder();
    while (escape.find()) {
      String hex = escape.group(1) == null ? escape.group(2) : escape.group(1);
      escape.appendReplacement(
          out, Matcher.quoteReplacement(Character.toString(Integer.parseInt(hex, 16))));
    }
    return escape.appendTail(out).toString();
  }

  private static Path unicodeTable() throws IOException {
    return unicodeTests().resolveSibling("../src/IdnaMappingTable.txt").normalize();
  }

  /**
   * Code points that the table of the file's version maps or disallows otherwise than the library's
   * newer Unicode: UTS 46 changed some, and UseSTD3ASCIIRules is off here.
   */
  private static Set<Integer> changed() throws IOException {
    Set<Integer> changed = new HashSet<>();
    IDNA one = IDNA.getUTS46Instance(IDNA.NONTRANSITIONAL_TO_UNICODE);
    for (String raw : Files.readAllLines(unicodeTable(), StandardCharsets.UTF_8)) {
      String text = raw.replaceFirst("#.*", "").strip();
      if (text.isEmpty()) {
        continue;
      }
      String[] columns = text.split(";");
      String[] range = columns[0].strip().split("\\.\\.");
      String status = columns[1].strip();
      int last = Integer.parseInt(range[range.length - 1], 16);
      for (int c = Integer.parseInt(range[0], 16); c <= last; c++) {
        IDNA.Info info = new IDNA.Info();
        String now = one.nameToUnicode(Character.toString(c), new StringBuilder(), info).toString();
        boolean disallowed = info.getErrors().contains(IDNA.Error.DISALLOWED);
        boolean then = status.startsWith("disallowed");
        String mapped =
            columns.length > 2 && !columns[2].isBlank() && !status.equals("deviation")
                ? Stream.of(columns[2].strip().split(" "))
                    .map(h -> Character.toString(Integer.parseInt(h, 16)))
                    .collect(Collectors.joining())
                : Character.toString(c);
        if (disallowed != then || status.equals("mapped") && !now.equals(mapped)) {
          changed.add(c);
        }
      }
    }
    return changed;
  }

  private static Path unicodeTests() throws IOException {
    Path crates = Path.of("/usr/share/cargo/registry");
    if (!Files.isDirectory(crates)) {
      return Path.of("absent");
    }
    try (Stream<Path> all = Files.list(crates)) {
      return all.filter(p -> p.getFileName().toString().startsWith("idna-"))
          .map(p -> p.resolve("tests/IdnaTestV2.txt"))
          .filter(Files::isReadable)
          .findFirst()
          .orElse(Path.of("absent"));
    }
  }

  /**
   * Unicode's IdnaTestV2.txt (package librust-idna-dev). Left out are lines with characters that
   * are younger than the file or that UTS 46 has changed since; CheckHyphens and UseSTD3ASCIIRules
   * are off here.
   */
  @Test
  void unicodesOwnTestsPass() throws IOException {
    Path file = unicodeTests();
    if (System.getenv("CI") == null) {
      assumeTrue(Files.isReadable(file), "librust-idna-dev is not installed");
    }
    VersionInfo version = VersionInfo.getInstance(13);
    Set<Integer> changed = changed();
    List<String> wrong = new ArrayList<>();
    int checked = 0;
    for (String raw : Files.readAllLines(file, StandardCharsets.UTF_8)) {
      if (raw.startsWith("# Version: ")) {
        version = VersionInfo.getInstance(raw.substring(11).strip());
      }
      String text = raw.replaceFirst("#.*", "");
      if (text.isBlank()) {
        continue;
      }
      String[] columns = text.split(";", -1);
      String source = unescaped(columns[0].strip());
      String unicode = columns[1].isBlank() ? source : unescaped(columns[1].strip());
      String ascii = columns[3].isBlank() ? unicode : unescaped(columns[3].strip());
      String status = columns[4].isBlank() ? columns[2] : columns[4];
      List<String> errors =
          Stream.of(status.replaceAll("[\\[\\] ]", "").split(","))
              .filter(e -> !e.isEmpty() && !e.equals("V3") && !e.equals("U1"))
              // Hyphens do not matter here, but a U-label that begins as an A-label does.
              .filter(e -> !e.equals("V2") || ("." + unicode).contains(".xn--"))
              .toList();
      if (young(source, version) || young(unicode, version)) {
        continue;
      }
      if ((source + unicode).codePoints().anyMatch(changed::contains)) {
        continue;
      }
      checked++;
      Optional<String> name =
          Idna.ascii(source).map(n -> n.endsWith(".") ? n.substring(0, n.length() - 1) : n);
      boolean good = errors.isEmpty();
      String expected = ascii.endsWith(".") ? ascii.substring(0, ascii.length() - 1) : ascii;
      if (name.isPresent() != good || good && !name.get().equals(expected)) {
        wrong.add(raw + " -> " + name);
      }
    }
    assertTrue(checked > 3_500, checked + " lines");
    assertEquals(List.of(), wrong, wrong.size() + " of " + checked);
  }

  private static boolean young(String text, VersionInfo version) {
    return text.codePoints().anyMatch(c -> UCharacter.getAge(c).compareTo(version) > 0);
  }

  /** python3-idna, by others: agrees on the domain wherever it has one. */
  @Test
  void anotherImplementationAgreesOnTheDomain() throws Exception {
    Path python = Path.of("/usr/bin/python3");
    if (System.getenv("CI") == null) {
      assumeTrue(Files.isExecutable(python), "no python3");
    }
    Random random = new Random(46);
    List<String> names = new ArrayList<>();
    String letters = "abzäöüßςσΣéñøłşıſﬀ中文日本語한국어кириллицаאבגعربية\u200d\u200c\u0dca\u0300।०ॐ☕_-.。";
    int[] all = letters.codePoints().toArray();
    for (int i = 0; i < 3_000; i++) {
      StringBuilder name = new StringBuilder();
      for (int j = 1 + random.nextInt(8); j > 0; j--) {
        name.appendCodePoint(all[random.nextInt(all.length)]);
      }
      names.add(name.append(".example").toString());
    }
    Process process =
        new ProcessBuilder(
                python.toString(),
                "-c",
                """
                import sys,idna
                for l in sys.stdin.buffer.read().decode('utf-8').split(chr(10)):
                  try: print(idna.encode(l, uts46=True, transitional=False).decode())
                  except Exception as e: print('-')
                """)
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    try (var in = process.outputWriter(StandardCharsets.UTF_8)) {
      in.write(String.join("\n", names));
    }
    List<String> theirs = process.inputReader(StandardCharsets.UTF_8).lines().toList();
    assumeTrue(System.getenv("CI") != null || process.waitFor() == 0, "no python3-idna");
    assertEquals(names.size(), theirs.size());
    int agreed = 0;
    for (int i = 0; i < names.size(); i++) {
      if (theirs.get(i).equals("-")) {
        continue; // IDNA 2008 has fewer characters than UTS 46
      }
      Optional<Domain> actual = Domain.parse(names.get(i));
      assertEquals(Domain.ofDns(theirs.get(i)), actual, names.get(i));
      agreed++;
    }
    assertTrue(agreed > 100, agreed + " names");
  }
}
