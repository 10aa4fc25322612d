package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaCodeUnitAccess;
import com.tngtech.archunit.core.domain.JavaConstructorCall;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.sealwax.app.ArgumentNames.Argument;
import org.sealwax.app.ArgumentNames.Call;
import org.sealwax.app.ArgumentNames.Form;

/**
 * No call passes two unlabelled values whose exchange would compile and be wrong: two parameters of
 * one type among {@link #SAYING_NOTHING} need one of these.
 *
 * <ul>
 *   <li>One of the two arguments is labelled: it contains a variable, field or method with the name
 *       of its parameter and none with the name of another parameter of the type. In the other
 *       place it has no label, or that of the other parameter, so an exchange is found here.
 *   <li>The forms of the two differ, as in a line of the log or a row of a table: one of them has
 *       the same {@link Form} in every call without labels, a word or a sentence or a number, and
 *       the other has another in this one.
 *   <li>Both arguments are the same.
 *   <li>The method has only one call without labels: a record that is built in one place.
 * </ul>
 *
 * <p>{@link #REMAINING} has the methods that are left, each with the reason why it stays or what
 * finds an exchange. {@code -Dsealwax.bless=true} rewrites the list after a rename, within {@link
 * #MOST}, and keeps the reasons. Calls by the JDK and by tests are not seen.
 */
@Tag("long")
final class UnlabelledValuesTest {
  private static final Set<String> SAYING_NOTHING =
      Set.of("java.lang.String", "int", "long", "boolean", "double", "java.time.Duration");

  /** Offset and length or end after an array of bytes, as the JDK has them. */
  private static final List<String> RANGE = List.of("int", "int");

  /** The smaller of two: no exchange is wrong. */
  private static final String SYMMETRIC = ".least(Duration, Duration)";

  /** Lower it with the list. */
  private static final int MOST = 61;

  private static final Path REMAINING = Path.of("app/src/test/resources/unlabelled-values.txt");

  /** Two parameters of one type among all of that type, by position. */
  private record Pair(int first, int second, List<Integer> alike) {
    /** Which of the calls show by the forms of their arguments that nothing was exchanged. */
    Predicate<Call> toldApart(Set<Call> calls) {
      return c -> isFixed(first, second, c, calls) || isFixed(second, first, c, calls);
    }

    private static boolean isFixed(int fixed, int other, Call call, Set<Call> calls) {
      Form form = call.arguments().get(fixed).form();
      return form != Form.EXPRESSION
          && call.arguments().get(other).form() != form
          && calls.stream().allMatch(c -> c.arguments().get(fixed).form() == form);
    }

    /** The same value twice. */
    boolean isSame(List<Argument> call) {
      return call.get(first).text().equals(call.get(second).text());
    }

    boolean isLabelled(List<Argument> call, List<List<String>> parameters) {
      return isLabelled(first, call, parameters) || isLabelled(second, call, parameters);
    }

    /** An argument has the name of the other parameter, and not that of its own. */
    boolean isExchanged(List<Argument> call, List<List<String>> parameters) {
      return isOther(first, second, call, parameters) || isOther(second, first, call, parameters);
    }

    private static boolean isOther(
        int own, int other, List<Argument> call, List<List<String>> parameters) {
      return call.get(own).is(parameters.get(other))
          && !call.get(own).mentions(parameters.get(own));
    }

    private boolean isLabelled(int i, List<Argument> call, List<List<String>> parameters) {
      return call.get(i).mentions(parameters.get(i))
          && alike.stream()
              .noneMatch(other -> other != i && call.get(i).mentions(parameters.get(other)));
    }
  }

  /**
   * What is wrong in the program.
   *
   * @param exchanged calls with the name of one parameter in the place of another
   * @param unlabelled methods whose values may change places unnoticed, with the places of their
   *     calls
   */
  private record Findings(Set<String> exchanged, Map<String, Set<String>> unlabelled) {}

  private static Findings found() throws IOException {
    ArgumentNames source = ArgumentNames.ofProgram();
    Findings out = new Findings(new TreeSet<>(), new TreeMap<>());
    callsByMethod()
        .forEach(
            (method, calls) -> {
              Set<Call> unlabelled = unlabelled(method, calls, source, out.exchanged());
              if (unlabelled.size() > 1 && !name(method).endsWith(SYMMETRIC)) {
                out.unlabelled()
                    .put(
                        name(method),
                        unlabelled.stream()
                            .map(Call::place)
                            .collect(Collectors.toCollection(TreeSet::new)));
              }
            });
    return out;
  }

  private static Map<JavaCodeUnit, List<JavaCodeUnitAccess<?>>> callsByMethod() {
    Map<JavaCodeUnit, List<JavaCodeUnitAccess<?>>> out = new HashMap<>();
    for (JavaClass c :
        new ClassFileImporter().importPackages("org.sealwax").that(ArchitectureTest.inMain())) {
      for (JavaCodeUnitAccess<?> access : c.getCodeUnitAccessesFromSelf()) {
        JavaCodeUnit unit = (JavaCodeUnit) access.getTarget().resolveMember().orElse(null);
        boolean call = access instanceof JavaMethodCall || access instanceof JavaConstructorCall;
        if (call && unit != null && !pairs(unit).isEmpty()) {
          out.computeIfAbsent(unit, u -> new ArrayList<>()).add(access);
        }
      }
    }
    return out;
  }

  private static Set<Call> unlabelled(
      JavaCodeUnit method,
      List<JavaCodeUnitAccess<?>> places,
      ArgumentNames source,
      Set<String> exchanged) {
    List<List<String>> parameters = source.parameters(method);
    Set<Call> calls =
        places.stream().flatMap(p -> source.calls(p, method).stream()).collect(Collectors.toSet());
    assertTrue(!parameters.isEmpty() && !calls.isEmpty(), () -> name(method) + ": not in source");
    Set<Call> out = new HashSet<>();
    for (Pair pair : pairs(method)) {
      Set<Call> open =
          calls.stream()
              .filter(c -> !pair.isSame(c.arguments()))
              .filter(c -> !pair.isLabelled(c.arguments(), parameters))
              .collect(Collectors.toSet());
      Predicate<Call> told = pair.toldApart(open);
      open.stream().filter(told.negate()).forEach(out::add);
      open.stream()
          .filter(c -> !told.test(c) && pair.isExchanged(c.arguments(), parameters))
          .forEach(c -> exchanged.add(c.place() + " " + name(method)));
    }
    return out;
  }

  private static List<Pair> pairs(JavaCodeUnit unit) {
    List<String> all = ArgumentNames.types(unit).stream().map(JavaClass::getName).toList();
    List<String> types = new ArrayList<>(all);
    int array = all.indexOf("[B");
    if (array >= 0 && all.size() > array + 2 && all.subList(array + 1, array + 3).equals(RANGE)) {
      types.set(array + 1, "offset");
      types.set(array + 2, "length");
    }
    boolean writtenOnce =
        unit.getOwner().isAnonymousClass()
            || (unit.getOwner().isEnum() && unit.getName().equals("<init>"));
    return writtenOnce || !unit.getOwner().getName().startsWith("org.sealwax.")
        ? List.of()
        : SAYING_NOTHING.stream().flatMap(type -> pairs(types, type)).toList();
  }

  private static Stream<Pair> pairs(List<String> types, String type) {
    List<Integer> alike =
        IntStream.range(0, types.size()).filter(i -> types.get(i).equals(type)).boxed().toList();
    return alike.stream()
        .flatMap(a -> alike.stream().filter(b -> a < b).map(b -> new Pair(a, b, alike)));
  }

  private static String name(JavaCodeUnit unit) {
    String owner = unit.getOwner().getName().replace("org.sealwax.", "");
    return owner
        + "."
        + unit.getName().replace("<init>", "new")
        + unit.getRawParameterTypes().stream()
            .map(JavaClass::getSimpleName)
            .collect(Collectors.joining(", ", "(", ")"));
  }

  @Test
  void noCallPassesTwoUnlabelledValuesOfOneType() throws IOException {
    Findings findings = found();
    assertEquals(Set.of(), findings.exchanged(), "the name of another parameter");
    Map<String, Set<String>> found = findings.unlabelled();
    Map<String, String> remaining = remaining();
    if (Boolean.getBoolean("sealwax.bless")) {
      Files.write(
          REMAINING,
          found.keySet().stream().map(m -> m + ": " + remaining.getOrDefault(m, "")).toList());
      return;
    }
    assertFalse(remaining.containsValue(""), "each has a reason: " + remaining);
    Map<String, Set<String>> fresh = new TreeMap<>(found);
    fresh.keySet().removeAll(remaining.keySet());
    assertEquals(
        Map.of(), fresh, "name the arguments as the parameters, or use value types or a record");
    remaining.keySet().removeAll(found.keySet());
    assertEquals(Map.of(), remaining, "no longer needed in " + REMAINING);
    assertTrue(found.size() <= MOST, found.size() + " are left; " + MOST + " were");
  }

  /** Methods and their reasons. */
  private static Map<String, String> remaining() throws IOException {
    Map<String, String> out = new TreeMap<>();
    for (String line : Files.readAllLines(REMAINING)) {
      int end = line.indexOf("):") + 1;
      out.put(line.substring(0, end), line.substring(end + 1).strip());
    }
    return out;
  }
}
