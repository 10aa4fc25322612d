package org.sealwax.app;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.CodeElement;
import java.lang.classfile.Instruction;
import java.lang.classfile.Label;
import java.lang.classfile.MethodModel;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.LabelTarget;
import java.lang.classfile.instruction.LineNumber;
import java.lang.classfile.instruction.LoadInstruction;
import java.lang.classfile.instruction.LocalVariable;
import java.lang.classfile.instruction.TypeCheckInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDesc;
import java.lang.constant.DirectMethodHandleDesc;
import java.lang.constant.MethodTypeDesc;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * No text for people has a record in the form that Java gives it ({@code Proceed[downgrade=false]})
 * or a collection ({@code [a, b]}). Looks at what is joined to strings, at calls of {@code
 * toString}, and at references to it, in the classes of the program. The texts of exceptions for
 * faults of the program are for the authors and do not count.
 */
final class RecordTextTest {
  /** Exceptions that only a fault of the program throws. */
  private static final Set<String> FAULTS =
      Set.of(
          "java/lang/IllegalArgumentException",
          "java/lang/IllegalStateException",
          "java/lang/AssertionError",
          "java/lang/IndexOutOfBoundsException",
          "java/lang/MatchException", // the compiler makes it for patterns
          "java/util/NoSuchElementException");

  private static final Set<String> COLLECTIONS =
      Set.of(
          "Ljava/util/List;",
          "Ljava/util/Set;",
          "Ljava/util/SortedSet;",
          "Ljava/util/Map;",
          "Ljava/util/Collection;",
          "Ljava/util/Optional;");

  /** Written {@code /192.0.2.1:25} or {@code host/192.0.2.1} by Java. */
  private static final Set<String> ADDRESSES =
      Set.of(
          "Ljava/net/InetSocketAddress;",
          "Ljava/net/InetAddress;",
          "Ljava/net/Inet4Address;",
          "Ljava/net/Inet6Address;");

  /** Instructions between a joined string and the exception that takes it. */
  private static final int NEAR = 4;

  private final Set<String> records = new HashSet<>();
  private final Set<String> wrong = new TreeSet<>();
  private int joined;

  private static ClassModel model(JavaClass c) throws IOException {
    try (InputStream in = c.getSource().orElseThrow().getUri().toURL().openStream()) {
      return ClassFile.of().parse(in.readAllBytes());
    }
  }

  @Test
  void noRecordAndNoCollectionIsPartOfAText() throws IOException {
    JavaClasses classes = ArchitectureTest.mainClasses();
    List<ClassModel> models = new ArrayList<>();
    for (JavaClass c : classes) {
      if (!c.getName().startsWith("org.sealwax.testkit.")) {
        models.add(model(c));
      }
    }
    for (ClassModel m : models) {
      if (hasGeneratedText(m)) {
        records.add(m.thisClass().asSymbol().descriptorString());
      }
    }
    for (JavaClass c : classes) {
      if (records.contains(ClassDesc.of(c.getName()).descriptorString())) {
        c.getAllRawInterfaces().stream()
            .filter(i -> i.getName().startsWith("org.sealwax."))
            .forEach(i -> records.add(ClassDesc.of(i.getName()).descriptorString()));
      }
    }
    assertTrue(records.size() > 300, "only " + records.size() + " records");
    models.forEach(this::check);
    assertTrue(joined > 300, "only " + joined + " joined strings");
    assertEquals("", String.join("\n", wrong));
  }

  /** Whether it is a record with the text that Java makes. */
  private static boolean hasGeneratedText(ClassModel m) {
    return m.methods().stream()
        .filter(method -> method.methodName().equalsString("toString"))
        .flatMap(method -> method.code().stream())
        .flatMap(code -> code.elementList().stream())
        .anyMatch(
            e ->
                e instanceof InvokeDynamicInstruction i
                    && i.bootstrapMethod().owner().displayName().equals("ObjectMethods"));
  }

  private void check(ClassModel m) {
    for (MethodModel method : m.methods()) {
      if (method.methodName().equalsString("toString")) {
        continue;
      }
      List<CodeElement> code = method.code().map(c -> c.elementList()).orElse(List.of());
      int line = 0;
      for (int i = 0; i < code.size(); i++) {
        if (code.get(i) instanceof LineNumber number) {
          line = number.line();
        }
        Optional<String> shown = shown(code, i);
        if (shown.isPresent() && !isOfAFault(code, i) && !(isThrowable(shown.get()) && isLog(m))) {
          wrong.add(
              m.thisClass().asInternalName().replace('/', '.')
                  + "."
                  + method.methodName()
                  + ":"
                  + line
                  + " shows "
                  + shown.get());
        }
      }
    }
  }

  /** The log has an exception as it is. */
  private static boolean isLog(ClassModel m) {
    String name = m.thisClass().asInternalName();
    return name.startsWith("org/sealwax/router/log/")
        || name.endsWith("/FailureText")
        || name.endsWith("/Supervisor$ThreadEnd")
        || name.endsWith("/ScanService"); // a fault of the program, in the service's log
  }

  /** What an instruction makes text of, when the text is not for people. */
  private Optional<String> shown(List<CodeElement> code, int at) {
    return switch (code.get(at)) {
      case InvokeDynamicInstruction i
          when i.bootstrapMethod().owner().displayName().equals("LambdaMetafactory") ->
          referred(i.bootstrapArgs());
      case InvokeInstruction i
          when i.name().equalsString("toString")
              && i.typeSymbol().parameterCount() == 0
              && isUnreadable(i.owner().asSymbol().descriptorString()) ->
          Optional.of(i.owner().asSymbol().descriptorString());
      // The compiler calls it for each operand of a joined string that is not a string.
      case InvokeInstruction i
          when i.name().equalsString("valueOf")
              && i.type().equalsString("(Ljava/lang/Object;)Ljava/lang/String;") -> {
        joined++;
        yield typeBefore(code, at).filter(this::isUnreadable);
      }
      default -> Optional.empty();
    };
  }

  /** The type of what the instruction before leaves on the stack, where that is known. */
  private static Optional<String> typeBefore(List<CodeElement> code, int at) {
    int before = at - 1;
    while (before > 0 && !(code.get(before) instanceof Instruction)) {
      before--;
    }
    int index = before;
    return switch (code.get(index)) {
      case InvokeInstruction i -> Optional.of(i.typeSymbol().returnType().descriptorString());
      case FieldInstruction i -> Optional.of(i.typeSymbol().descriptorString());
      case TypeCheckInstruction i -> Optional.of(i.type().asSymbol().descriptorString());
      case LoadInstruction i ->
          code.stream()
              .filter(LocalVariable.class::isInstance)
              .map(LocalVariable.class::cast)
              .filter(variable -> variable.slot() == i.slot())
              .filter(variable -> isWithin(code, variable, index))
              .map(variable -> variable.typeSymbol().descriptorString())
              .findFirst();
      default -> Optional.empty();
    };
  }

  private static boolean isWithin(List<CodeElement> code, LocalVariable variable, int at) {
    return place(code, variable.startScope()) <= at && at < place(code, variable.endScope());
  }

  private static int place(List<CodeElement> code, Label label) {
    for (int i = 0; i < code.size(); i++) {
      if (code.get(i) instanceof LabelTarget target && target.label().equals(label)) {
        return i;
      }
    }
    return code.size();
  }

  /** {@code Object::toString} and {@code String::valueOf} of something unreadable. */
  private Optional<String> referred(List<ConstantDesc> arguments) {
    if (arguments.size() > 2
        && arguments.get(1) instanceof DirectMethodHandleDesc handle
        && Set.of("toString", "valueOf").contains(handle.methodName())
        && arguments.get(2) instanceof MethodTypeDesc type
        && type.parameterCount() > 0) {
      return Optional.of(type.parameterType(0).descriptorString()).filter(this::isUnreadable);
    }
    return Optional.empty();
  }

  private boolean isUnreadable(String type) {
    return records.contains(type)
        || COLLECTIONS.contains(type)
        || ADDRESSES.contains(type)
        || isThrowable(type);
  }

  private static boolean isThrowable(String type) {
    return type.matches("L.*Exception;|Ljava/.*(Error|Throwable);");
  }

  private static boolean isOfAFault(List<CodeElement> code, int at) {
    return code.subList(at + 1, Math.min(code.size(), at + 1 + NEAR)).stream()
        .anyMatch(
            e ->
                e instanceof InvokeInstruction i
                    && i.name().equalsString("<init>")
                    && FAULTS.contains(i.owner().asInternalName()));
  }
}
