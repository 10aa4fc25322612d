package org.sealwax.router.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.sealwax.mail.address.Domain;
import org.sealwax.router.route.InvalidFileException.FileError;

final class AliasFileTest {
  private static final Domain A = Domain.of("a.example");
  private static final Domain B = Domain.of("b.example");

  @TempDir Path folder = Path.of("none");

  private AliasTable read(String text) throws IOException {
    return AliasFile.read(write("aliases", text), false, Set.of("tracker")).value();
  }

  private Path write(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text);
  }

  private static @Nullable List<String> none() {
    return null;
  }

  @Test
  void theExampleOfTheManualPageIsRead() throws IOException {
    String page = Files.readString(Path.of("docs/man/sealwax-aliases.5"));
    int example = page.indexOf(".nf\n") + 4;
    AliasTable table = read(page.substring(example, page.indexOf(".fi\n")));
    assertEquals(List.of("alice", "bob", "carol@example.org"), table.named("team", A));
    assertEquals(List.of("bob"), table.named("info", B));
    assertEquals(none(), table.named("info", A));
    assertEquals(List.of("alice"), table.any(B));
  }

  @Test
  void readsEveryForm() throws IOException {
    write("team", "# people\ncarol@x.example # lead\n\n\"d d\"@x.example\nAlice\n");
    AliasTable table =
        read(
            """
            # a comment
            bugs: pipe:tracker, alice@x.example,
            \t bob@x.example   # trailing comma above, comment here

               # indented comments interrupt nothing
               carol@x.example
            Alice:alice@x.example
            "odd name": alice , "q\\"q"@x.example
            team: :include:team
            info@b.example: bob@x.example
            *: last@x.example
            @b.example: b-last@x.example\
            """);
    assertEquals(
        List.of("pipe:tracker", "alice@x.example", "bob@x.example", "carol@x.example"),
        table.named("BUGS", A));
    assertEquals(List.of("alice", "\"q\\\"q\"@x.example"), table.named("odd name", A));
    assertEquals(List.of("carol@x.example", "\"d d\"@x.example", "Alice"), table.named("team", B));
    assertEquals(List.of("bob@x.example"), table.named("info", B));
    assertEquals(none(), table.named("info", A));
    assertEquals(List.of("last@x.example"), table.any(A));
    assertEquals(List.of("b-last@x.example"), table.any(B));
    assertEquals(none(), table.named("*", A));
    assertEquals(none(), table.named("@b.example", A));
    assertEquals(none(), table.named("info@b.example", A));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '¦',
      textBlock =
          """
          bugs: "|/bin/run -x"         ¦ 1:7 ¦ an alias file cannot contain a command
          bugs: |run                   ¦ 1:7 ¦ an alias file cannot contain a command
          bugs: /var/mail/bugs         ¦ 1:7 ¦ a target is an address
          bugs: :fail: no              ¦ 1:7 ¦ a target is an address
          bugs: pipe:traker            ¦ 1:7 ¦ there is no [[pipe]] named "traker"
          bugs: a@x.example bob        ¦ 1:7 ¦ not an address
          bugs: a@x.example,,b@x.e     ¦ 1:19 ¦ a target is missing
          bugs: nobody                 ¦ 1:7 ¦ there is no alias "nobody" here
          bugs: a@-x                   ¦ 1:7 ¦ not an address
          bugs: a..b@x.example         ¦ 1:7 ¦ not an address
          bugs: :include:absent        ¦ 1:7 ¦ the list cannot be read
          bugs: :include:              ¦ 1:7 ¦ a file name is missing
          bugs                         ¦ 1:5 ¦ a line needs a name, a colon
          bugs:                        ¦ 1:1 ¦ this name has no target
          a b: a@x.example             ¦ 1:1 ¦ not a valid alias name
          "*": a@x.example             ¦ 1:1 ¦ not a valid alias name
          "a@b.example": a@x.example   ¦ 1:1 ¦ not a valid alias name
          ' a@x.example'               ¦ 1:2 ¦ this line continues no entry
          bugs: a@x.e;BUGS: b@x.e      ¦ 2:1 ¦ this name is defined twice
          """)
  void errorNamesLineAndProblem(String text, String place, String problem) {
    InvalidFileException invalid =
        assertThrows(
            InvalidFileException.class, () -> read(text.replace(";", "\n").replace("''", "")));
    FileError flaw = invalid.flaws().getFirst();
    assertEquals(place, flaw.line() + ":" + flaw.column(), flaw.toString());
    assertTrue(flaw.problem().startsWith(problem), flaw.problem());
  }

  @Test
  void allErrorsAreListedWithCaret() {
    InvalidFileException problem =
        assertThrows(
            InvalidFileException.class, () -> read("x: /dev/null\ny: ok@x.example\nz: pipe:no\n"));
    assertEquals(2, problem.flaws().size());
    assertEquals(
        folder.resolve("aliases")
            + """
            :3:4: there is no [[pipe]] named "no"
                z: pipe:no
                   ^
              help: known pipes: tracker\
            """,
        problem.flaws().get(1).toString());
  }

  @Test
  void refusesListsThatIncludeListsOrHoldSeveralOnALine() throws IOException {
    write("list", ":include:list\na@x.example, b@x.example\n");
    InvalidFileException problem =
        assertThrows(InvalidFileException.class, () -> read("l: :include:list"));
    assertEquals(2, problem.flaws().size());
    assertEquals(folder.resolve("list"), problem.flaws().getFirst().file());
  }

  @Test
  void targetLimit() throws IOException {
    String most = targets(AliasFile.MAX_TARGETS);
    assertEquals(AliasFile.MAX_TARGETS, size(read("l: " + most).named("l", A)));
    assertThrows(
        InvalidFileException.class, () -> read("l: " + targets(AliasFile.MAX_TARGETS + 1)));
    // The same one again is not one more.
    assertEquals(AliasFile.MAX_TARGETS, size(read("l: u0@x.example," + most).named("l", A)));
  }

  private static int size(@Nullable List<String> list) {
    assertNotNull(list);
    return list.size();
  }

  private static String targets(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> "u" + i + "@x.example")
        .collect(Collectors.joining(","));
  }

  @Test
  void errorListIsLimited() {
    InvalidFileException problem =
        assertThrows(InvalidFileException.class, () -> read("x\n".repeat(AliasFile.MAX_FLAWS + 1)));
    assertEquals(AliasFile.MAX_FLAWS, problem.flaws().size());
  }

  @Test
  void holdsAHundredThousandAliasesInModestMemory() throws IOException {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < 100_000; i++) {
      text.append("user").append(i).append(": person").append(i).append("@provider.example\n");
    }
    Path file = write("large", text.toString());
    text.setLength(0);
    text.trimToSize();
    long before = used();
    AliasTable table = AliasFile.read(file, false, Set.of()).value();
    long grown = used() - before;
    assertEquals(100_000, table.size());
    assertEquals(List.of("person99999@provider.example"), table.named("user99999", A));
    assertTrue(grown < 32L << 20, "grew by " + grown + " bytes");
  }

  private static long used() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    Runtime r = Runtime.getRuntime();
    return r.totalMemory() - r.freeMemory();
  }

  @Property(tries = 400)
  void anyInputIsReadOrReportedAsError(
      @ForAll @Size(max = 30) List<@IntRange(max = 19) Integer> pieces, @ForAll String noise) {
    String[] parts = {
      "a",
      ":",
      ",",
      " ",
      "\n",
      "#",
      "\"",
      "\\",
      "@x.example",
      "*",
      "pipe:tracker",
      "|",
      "\t",
      "\r\n",
      "b: ",
      ":include:",
      "c: d@x.example\n",
      ".",
      "é",
      noise
    };
    StringBuilder text = new StringBuilder();
    pieces.forEach(p -> text.append(parts[p]));
    try {
      Path file = Files.createTempFile("aliases", "");
      try {
        Files.write(file, text.toString().getBytes(java.nio.charset.StandardCharsets.UTF_8));
        AliasTable table = AliasFile.read(file, false, Set.of("tracker")).value();
        for (String name : table.names()) {
          assertFalse(name.isEmpty() || name.indexOf('\n') >= 0);
        }
      } catch (InvalidFileException e) {
        for (FileError flaw : e.flaws()) {
          assertTrue(flaw.column() >= 1 && flaw.column() <= flaw.text().length() + 1);
          assertTrue(flaw.toString().contains("^"));
        }
      } finally {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
