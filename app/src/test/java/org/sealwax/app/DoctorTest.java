package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.json.Json;
import org.sealwax.mail.net.Clock;
import org.sealwax.mail.net.RandomSource;
import org.sealwax.mail.tls.TlsFactory;
import org.sealwax.router.server.Router;
import tools.jackson.databind.JsonNode;

/**
 * {@code sealwax doctor} in the small internet of the demo, by its resolver and over its network.
 */
@Timeout(120)
final class DoctorTest {
  @TempDir private Path folder = Path.of("");

  @BeforeEach
  void prepare() {
    TlsFactory.prepareJvm();
  }

  @Test
  void theSiteOfTheDemoIsInOrder() throws Exception {
    PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), true, StandardCharsets.UTF_8);
    RandomSource random = RandomSource.secure();
    List<DemoDestination> one = DemoDestination.all().subList(0, 1);
    try (DemoEnvironment stage =
        DemoEnvironment.open(
            one.stream().map(DemoDestination::trapCase).toList(),
            Clock.system(),
            random,
            nowhere)) {
      stage.write(folder);
      Files.writeString(folder.resolve("aliases"), "bugs: a@elsewhere.example\n");
      Path file =
          Files.writeString(
              folder.resolve("sealwax.toml"),
              stage.configuration()
                  + "[[alias_domain]]\ndomain = \""
                  + DemoEnvironment.HOME
                  + "\"\nfile = \"aliases\"\n");
      try (Router router = stage.router(folder, Clock.system(), random, new DemoLog())) {
        assertEquals(1, router.addresses().size());
        CommandLineRun run = new CommandLineRun(folder);
        int exit =
            run.run(
                List.of(
                    "doctor",
                    "--config",
                    file.toString(),
                    "--json",
                    "--address",
                    stage.routerDomain().address().getHostAddress(),
                    "--reach",
                    DemoEnvironment.HOME.name()));
        Set<String> checked = new TreeSet<>();
        List<String> wrong = new ArrayList<>();
        for (JsonNode finding : Json.read(run.out()).path("findings")) {
          checked.add(finding.path("check").asString());
          boolean isGood = Set.of("ok", "note").contains(finding.path("verdict").asString());
          // Whether something corrects the clock is a matter of this machine.
          if (!isGood && !finding.path("check").asString().equals("clock")) {
            wrong.add(finding.toString());
          }
        }
        assertEquals(List.of(), wrong, run.out() + run.err());
        assertTrue(exit <= 1, run.out());
        assertTrue(
            checked.containsAll(
                Set.of(
                    "resolver", "clock", "ehlo", "ptr", "spf", "dmarc", "outbound", "receiving")),
            checked.toString());
      }
    }
  }
}
