package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeModel;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.BranchInstruction;
import java.lang.classfile.instruction.ExceptionCatch;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.constant.DirectMethodHandleDesc;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.sealwax.mail.cli.ExitStatus;
import org.sealwax.mail.net.Supervisor;

/**
 * A fault in one round of a supervised loop is logged, and the loop continues: nothing that works
 * in the background (certificates, reports, policies, held mail) ends permanently because of one
 * bug.
 */
@Timeout(value = 600, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
final class SupervisedLoopsTest {
  private static final Set<String> ALL =
      Set.of(
          "java/lang/RuntimeException",
          "java/lang/StackOverflowError",
          "java/lang/LinkageError",
          "java/lang/AssertionError");

  /** Loops that need not catch all of these themselves, and why. */
  private static final Map<String, String> OTHERS =
      Map.of(
          "Queue.looks", "an Error ends the process, and the next start knows the row by its mark",
          "SpoolWriter.write", "the same with the messages of the batch; each batch has its catch",
          "LogWriter.write", "nothing but a copy to a stream, whose IOException is caught",
          "Deadline.watch", "a comparison of numbers; what closes runs in a thread of its own",
          "BlockingCalls.run", "a FutureTask, which catches all and hands it to the caller",
          "SigningPool.run", "the same: the session gets what it throws");

  @TempDir private Path folder = Path.of("");

  @Test
  void everySupervisedLoopCatchesInsideItself() throws IOException {
    JavaClasses program =
        new ClassFileImporter()
            .withImportOption(location -> !location.contains("/test-classes/"))
            .importPackages("org.sealwax");
    Set<String> loops = new TreeSet<>();
    Set<String> open = new TreeSet<>();
    for (JavaClass each : program) {
      if (each.getFullName().equals(Supervisor.class.getName())
          || each.getName().replaceAll("\\$.*", "").endsWith("Test")
          || each.getDirectDependenciesFromSelf().stream()
              .noneMatch(d -> d.getTargetClass().getName().equals(Supervisor.class.getName()))) {
        continue;
      }
      ClassModel model = ClassFile.of().parse(bytes(each));
      for (String task : tasks(model)) {
        String name = each.getSimpleName() + "." + task;
        loops.add(name);
        if (!goesOn(model, task, new HashSet<>())) {
          open.add(name);
        }
      }
    }
    assertTrue(loops.size() > 15, "found only " + loops);
    assertEquals(new TreeSet<>(OTHERS.keySet()), open, "of " + loops);
  }

  /** From a folder or a jar. */
  private static byte[] bytes(JavaClass type) throws IOException {
    try (InputStream in =
        type.getSource().orElseThrow().getUri().toURL().openConnection().getInputStream()) {
      return in.readAllBytes();
    }
  }

  /** Methods that are handed to the supervisor. */
  private static List<String> tasks(ClassModel model) {
    List<String> tasks = new ArrayList<>();
    for (MethodModel method : model.methods()) {
      String last = null;
      for (CodeElement e : method.code().map(CodeModel::elementList).orElse(List.of())) {
        if (e instanceof InvokeDynamicInstruction made
            && made.typeSymbol().returnType().displayName().equals("Runnable")
            && made.bootstrapArgs().get(1) instanceof DirectMethodHandleDesc handle) {
          last = handle.methodName();
        } else if (e instanceof InvokeInstruction call
            && call.owner().asInternalName().equals(Supervisor.class.getName().replace('.', '/'))
            && call.typeSymbol().parameterCount() == 3
            && last != null) {
          tasks.add(last);
        }
      }
    }
    return tasks;
  }

  /**
   * Whether the method, or one of the same class that it calls, has the loop with its catch; or the
   * loop calls one that has the catch.
   */
  private static boolean goesOn(ClassModel model, String name, Set<String> seen) {
    if (!seen.add(name) || seen.size() > 6) {
      return false;
    }
    for (MethodModel method : model.methods()) {
      CodeModel code = method.code().orElse(null);
      if (!method.methodName().equalsString(name) || code == null) {
        continue;
      }
      if (catches(code, true)) {
        return true;
      }
      for (CodeElement e : code.elementList()) {
        if (e instanceof InvokeInstruction call
            && call.owner().asInternalName().equals(model.thisClass().asInternalName())
            && (goesOn(model, call.name().stringValue(), seen)
                || loops(code) && catches(model, call.name().stringValue()))) {
          return true;
        }
      }
    }
    return false;
  }

  private static boolean catches(ClassModel model, String method) {
    return model.methods().stream()
        .filter(m -> m.methodName().equalsString(method))
        .anyMatch(m -> m.code().map(code -> catches(code, false)).orElse(false));
  }

  private static boolean loops(CodeModel code) {
    Map<Label, Integer> at = places(code);
    List<CodeElement> elements = code.elementList();
    for (int i = 0; i < elements.size(); i++) {
      if (elements.get(i) instanceof BranchInstruction back && index(at, back.target()) < i) {
        return true;
      }
    }
    return false;
  }

  private static Map<Label, Integer> places(CodeModel code) {
    Map<Label, Integer> at = new HashMap<>();
    List<CodeElement> elements = code.elementList();
    for (int i = 0; i < elements.size(); i++) {
      if (elements.get(i) instanceof LabelTarget label) {
        at.put(label.label(), i);
      }
    }
    return at;
  }

  /** Whether a range has a handler for all of these; inside one loop with it, where that counts. */
  private static boolean catches(CodeModel code, boolean inLoop) {
    Map<Label, Integer> at = places(code);
    List<CodeElement> elements = code.elementList();
    Map<Label, Set<String>> caught = new HashMap<>();
    Map<Label, Integer> from = new HashMap<>();
    for (CodeElement e : elements) {
      if (e instanceof ExceptionCatch c) {
        c.catchType()
            .ifPresent(
                type ->
                    caught
                        .computeIfAbsent(c.handler(), h -> new HashSet<>())
                        .add(type.asInternalName()));
        from.merge(c.handler(), index(at, c.tryStart()), Math::min);
      }
    }
    for (Map.Entry<Label, Set<String>> handler : caught.entrySet()) {
      if (!handler.getValue().containsAll(ALL)) {
        continue;
      }
      if (!inLoop) {
        return true;
      }
      int begin = from.getOrDefault(handler.getKey(), -1);
      for (int i = index(at, handler.getKey()); i < elements.size(); i++) {
        if (elements.get(i) instanceof BranchInstruction back
            && index(at, back.target()) <= begin) {
          return true;
        }
      }
    }
    return false;
  }

  private static int index(Map<Label, Integer> at, Label label) {
    return at.getOrDefault(label, Integer.MAX_VALUE);
  }

  private Path configured() throws IOException {
    return Files.writeString(
        folder.resolve("sealwax.toml"),
        """
        [server]
        hostname = "mx.example.org"
        state = "state"
        postmaster = "joe@project.example"
        [dns]
        resolvers = ["127.0.0.1:1"]
        [[listener]]
        address = "127.0.0.1:0"
        [[peer]]
        domain = "partner.example"
        """);
  }

  /** Each of these fails in its first round with an exception, in its second with an Error. */
  private void assertGoOn(List<String> rounds) throws Exception {
    Path file = configured();
    String methods = String.join("+", rounds.stream().map(r -> "org.sealwax.router." + r).toList());
    Map<String, String> agent =
        Map.of(
            "JAVA_TOOL_OPTIONS",
            FaultAgent.option(folder, methods, "rounds", folder.resolve("none")));
    try (ServerProcess server = new ServerProcess(file, agent)) {
      for (String round : rounds) {
        String method = round.substring(round.lastIndexOf('.') + 1);
        while (!server.output().contains("goes on: " + method)) {
          assertTrue(server.isAlive(), server.output());
          Thread.sleep(100);
        }
        assertTrue(
            server.output().contains("IllegalStateException: injected into " + method),
            "it is logged: " + server.output());
      }
      server.signal("TERM");
      assertEquals(ExitStatus.OK, server.end(), server.output());
    }
  }

  @Tag("process")
  @Tag("long")
  @Test
  void aFaultInOneRoundEndsNoLoopAndNoProcess() throws Exception {
    assertGoOn(
        List.of(
            "queue.NextHopPrefetch#prefetchDue",
            "receipts.ReceiptLog#write",
            "ledger.LedgerWriter#flush",
            "evidence.PeerIdentities#due",
            "spool.SpoolMaintenance#copyLog",
            "server.Housekeeping#checkClock"));
  }

  @Tag("process")
  @Tag("long")
  @Test
  void aPartOfTheMaintenanceThatAlwaysFailsKeepsNoCertificateFromBeingReloaded() throws Exception {
    Path file = configured();
    Files.writeString(
        file,
        Files.readString(file)
            + """
            [identity]
            certificate = "tls.crt"
            key = "tls.key"
            """);
    makePair();
    String failing = "org.sealwax.router.server.Router#rereadFiles";
    Map<String, String> agent =
        Map.of(
            "JAVA_TOOL_OPTIONS",
            FaultAgent.option(folder, failing, "always", folder.resolve("none")));
    try (ServerProcess server = new ServerProcess(file, agent)) {
      server.line("injected into Router#rereadFiles");
      makePair();
      server.line("reloaded, valid until");
    }
  }

  private void makePair() throws Exception {
    Process made =
        new ProcessBuilder(
                "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30"
                    .concat(" -subj /CN=mx.example.org -keyout tls.key -out tls.crt")
                    .split(" "))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    made.getInputStream().transferTo(OutputStream.nullOutputStream());
    assertEquals(0, made.waitFor());
  }

  @Tag("slow")
  @Test
  void aFaultInOneRoundOfASlowLoopEndsNoLoopAndNoProcess() throws Exception {
    assertGoOn(
        List.of(
            "queue.HeldMail#check",
            "deliver.MxHostProbe#greetDueHosts",
            "sts.StsPolicyCache#sweep",
            "reports.TlsReporter#tick"));
  }
}
